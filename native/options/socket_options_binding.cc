#include <memory>
#include <utility>

#include "env/modules.h"
#include "info/peer_credentials.h"
#include "info/tcp_info.h"
#include "options/initial_options.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

int ReadOptionValue(napi_env env, size_t option, napi_value value, OptionValue* result) {
  if (SocketOptionAt(option).is_text()) {
    // Longer than any option. A text that does not fit fails the size check.
    char text[64];
    size_t size = 0;
    if (napi_get_value_string_utf8(env, value, text, sizeof(text), &size) != napi_ok) {
      return UV_EINVAL;
    }
    result->text.assign(text, size);
    return 0;
  }
  return napi_get_value_int64(env, value, &result->number) == napi_ok ? 0 : UV_EINVAL;
}

int ReadOption(napi_env env, napi_value number, size_t* option) {
  uint32_t row;
  if (number == nullptr || napi_get_value_uint32(env, number, &row) != napi_ok ||
      row >= SocketOptionCount()) {
    return UV_EINVAL;
  }
  *option = row;
  return 0;
}

// Reads a list of settings: [option, value, option, value…]. Options are rows of the table; values
// are numbers or strings. UV_EINVAL for anything else.
int ReadOptionList(napi_env env, napi_value array, OptionList* list) {
  uint32_t length = 0;
  if (array == nullptr || napi_get_array_length(env, array, &length) != napi_ok) return UV_EINVAL;
  list->clear();
  list->reserve(length / 2);
  for (uint32_t i = 0; i + 1 < length; i += 2) {
    napi_value number;
    napi_value value;
    OptionSetting setting;
    if (napi_get_element(env, array, i, &number) != napi_ok ||
        napi_get_element(env, array, i + 1, &value) != napi_ok ||
        ReadOption(env, number, &setting.option) != 0 ||
        ReadOptionValue(env, setting.option, value, &setting.value) != 0) {
      return UV_EINVAL;
    }
    list->push_back(std::move(setting));
  }
  return 0;
}

// (id, option, value)
napi_value Set(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  uv_os_sock_t fd;
  int status = SocketOf(arguments.stream(), &fd);
  if (status != 0) return arguments.Return(status);
  size_t option;
  OptionValue value;
  if (ReadOption(env, arguments.at(1), &option) != 0 || !arguments.has(2) ||
      ReadOptionValue(env, option, arguments.at(2), &value) != 0) {
    return arguments.Return(UV_EINVAL);
  }
  const int family = SocketFamily(fd);
  return arguments.Return(family < 0 ? family : SetSocketOption(fd, family, option, value));
}

// (id, option): the value, with the status in the state.
napi_value Get(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const auto fail = [&](int status) -> napi_value {
    arguments.environment()->SetState(status, 0);
    return nullptr;
  };
  uv_os_sock_t fd;
  int status = SocketOf(arguments.stream(), &fd);
  if (status != 0) return fail(status);
  size_t option;
  status = ReadOption(env, arguments.at(1), &option);
  if (status != 0) return fail(status);
  const int family = SocketFamily(fd);
  if (family < 0) return fail(family);
  OptionValue value;
  status = GetSocketOption(fd, family, option, &value);
  if (status != 0) return fail(status);

  arguments.environment()->SetState(0, 0);
  if (!SocketOptionAt(option).is_text()) {
    return arguments.ReturnNumber(static_cast<double>(value.number));
  }
  napi_value text;
  return napi_create_string_utf8(env, value.text.data(), value.text.size(), &text) == napi_ok
             ? text
             : nullptr;
}

// The arguments behind the first: stage, list.
napi_value ApplyTo(napi_env env, const Arguments& arguments, uv_os_sock_t fd) {
  OptionList list;
  int status = ReadOptionList(env, arguments.at(2), &list);
  if (status != 0) return arguments.Return(status);
  const int family = SocketFamily(fd);
  if (family < 0) return arguments.Return(family);
  size_t failed = 0;
  status = ApplyOptions(fd, family, static_cast<OptionStage>(arguments.Int(1)), list, &failed);
  if (status != 0) {
    arguments.environment()->SetState(static_cast<int>(list[failed].option), 0);
  }
  return arguments.Return(status);
}

// (id, stage, list): the status. The state has the row of a refused option.
napi_value Apply(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  arguments.environment()->SetState(-1, 0);
  uv_os_sock_t fd;
  const int status = SocketOf(arguments.stream(), &fd);
  return status == 0 ? ApplyTo(env, arguments, fd) : arguments.Return(status);
}

// (descriptor, stage, list): the same for a socket that is not a stream.
napi_value ApplyToDescriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return ApplyTo(env, arguments, static_cast<uv_os_sock_t>(arguments.Int(0, -1)));
}

// (id, list, protocol): options for the socket that bind or connect makes. `protocol` is the row of
// the option that selects the protocol, or -1.
napi_value SetInitial(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  auto options = std::make_shared<InitialOptions>();
  options->protocol = arguments.Int(2, InitialOptions::kDefaultProtocol);
  const int status = ReadOptionList(env, arguments.at(1), &options->list);
  if (status == 0) SetInitialOptions(stream, std::move(options));
  return arguments.Return(status);
}

// (id): the row of the option that was refused most recently, or -1.
napi_value Refused(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Stream* stream = arguments.stream();
  return arguments.Return(stream == nullptr ? -1 : RefusedOption(stream));
}

// (id, numbers: Float64Array, raw: object): a TcpInfo::State, or a status.
napi_value Info(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  uv_os_sock_t fd;
  int status = SocketOf(stream, &fd);
  if (status != 0) return arguments.Return(status);
  auto* const numbers = Numbers<double>(env, arguments.at(1), TcpInfo::kNumberCount);
  if (!arguments.has(2) || numbers == nullptr) return arguments.Return(UV_EINVAL);

  TcpInfo tcp;
  if (stream->kind() == Handle::Kind::kTcp) status = ReadTcpInfo(fd, &tcp);
  if (status == 0) status = ReadQueueDepths(fd, &tcp);
  if (status != 0) return arguments.Return(status);
  for (int i = 0; i < TcpInfo::kNumberCount; ++i) numbers[i] = tcp.numbers[i];
  for (const TcpInfo::RawField& field : tcp.raw) {
    napi_set_named_property(env, arguments.at(2), field.name, arguments.ReturnNumber(field.value));
  }
  return arguments.Return(tcp.state);
}

// (id): the number of bytes that have arrived and were not read, or a status. All platforms support
// this, even without TCP information.
napi_value UnreadBytes(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
#ifdef _WIN32
  // A named pipe is not a socket.
  if (Stream* const pipe = arguments.pipe()) {
    uv_os_fd_t handle;
    DWORD bytes = 0;
    const int status = uv_fileno(pipe->uv_handle(), &handle);
    if (status != 0) return arguments.Return(status);
    if (!PeekNamedPipe(handle, nullptr, 0, nullptr, &bytes, nullptr)) {
      return arguments.Return(uv_translate_sys_error(static_cast<int>(GetLastError())));
    }
    return arguments.ReturnNumber(bytes);
  }
#endif
  uv_os_sock_t fd;
  int status = SocketOf(arguments.stream(), &fd);
  TcpInfo depths;
  if (status == 0) status = ReadQueueDepths(fd, &depths);
  if (status != 0) return arguments.Return(status);
  return arguments.ReturnNumber(depths.numbers[TcpInfo::kReceiveQueueBytes]);
}

// (id, [pid, uid, gid]: Float64Array)
napi_value Credentials(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  uv_os_sock_t fd;
  int status = SocketOf(arguments.pipe(), &fd);
  if (status != 0) return arguments.Return(status);
  auto* const numbers = Numbers<double>(env, arguments.at(1), 3);
  if (numbers == nullptr) return arguments.Return(UV_EINVAL);
  PeerCredentials peer;
  status = ReadPeerCredentials(fd, &peer);
  if (status != 0) return arguments.Return(status);
  numbers[0] = static_cast<double>(peer.pid);
  numbers[1] = static_cast<double>(peer.uid);
  numbers[2] = static_cast<double>(peer.gid);
  return arguments.Return(0);
}

}  // namespace

void InitSocketOptions(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "setSocketOption", Set);
  Define(env, exports, "getSocketOption", Get);
  Define(env, exports, "applySocketOptions", Apply);
  Define(env, exports, "applyDescriptorOptions", ApplyToDescriptor);
  Define(env, exports, "setInitialOptions", SetInitial);
  Define(env, exports, "refusedSocketOption", Refused);
  Define(env, exports, "socketInfo", Info);
  Define(env, exports, "unreadBytes", UnreadBytes);
  Define(env, exports, "peerCredentials", Credentials);
}

}  // namespace uvnet
