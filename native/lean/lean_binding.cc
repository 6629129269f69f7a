// The methods for lib/lean. See NativeBinding in lib/internal/native/native-types.ts.

#include <cstring>
#include <vector>

#include "address/address_arguments.h"
#include "env/modules.h"
#include "lean/lean_group.h"
#include "lean/lean_hub.h"
#include "listen/listener.h"
#include "memory/buffer.h"
#include "memory/receive_buffer.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

LeanGroup* GroupFrom(const Arguments& arguments, size_t index) {
  LeanHub* const hub = LeanHub::Existing(arguments.environment());
  return hub == nullptr ? nullptr : hub->group(arguments.Int(index, -1));
}

// The result of Start: debug builds make JavaScript overwrite borrowed bytes after use.
#ifdef UVNET_DEBUG
constexpr int kStarted = 1;
#else
constexpr int kStarted = 0;
#endif

// (numbers: Int32Array, receive area, send area, deliver)
napi_value Start(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  if (!arguments.has(3)) return arguments.Return(UV_EINVAL);
  const int status = LeanHub::Of(arguments.environment())
                         .Bind(arguments.at(0), arguments.at(1), arguments.at(2), arguments.at(3));
  return arguments.Return(status == 0 ? kStarted : status);
}

// (borrow, FramingOptions::Type | -1, size of messages or of the length field, little endian,
// includes header, max, delimiter?): the number of the group
napi_value GroupNew(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  LeanHub* const hub = LeanHub::Existing(arguments.environment());
  if (hub == nullptr || !hub->bound()) return arguments.Return(UV_EINVAL);
  std::unique_ptr<FramingOptions> framing;
  const int type = arguments.Int(1, -1);
  if (type >= 0) {
    framing.reset(new FramingOptions);
    framing->type = static_cast<FramingOptions::Type>(type);
    framing->size = static_cast<size_t>(arguments.Double(2));
    framing->length_bytes = static_cast<uint8_t>(arguments.Int(2));
    framing->big_endian = !arguments.Bool(3);
    framing->includes_header = arguments.Bool(4);
    framing->max = static_cast<size_t>(arguments.Double(5));
    Bytes delimiter;
    if (delimiter.From(env, arguments.at(6))) {
      framing->delimiter.assign(delimiter.data, delimiter.size);
    }
    if (!framing->IsValid()) return arguments.Return(UV_EINVAL);
  }
  LeanGroup* const group = LeanGroup::Create(hub, arguments.Bool(0), std::move(framing));
  if (group == nullptr) return arguments.Return(UV_ENOMEM);
  if (group->number() < 0) {
    group->Release();
    return arguments.Return(UV_ENFILE);
  }
  return arguments.Return(group->number());
}

napi_value GroupFree(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  LeanGroup* const group = GroupFrom(arguments, 0);
  if (group == nullptr) return arguments.Return(UV_EINVAL);
  LeanHub::Existing(arguments.environment())->RemoveGroup(group->number());
  group->Release();
  return arguments.Return(0);
}

// (id of a listening handle, group, paused)
napi_value Listen(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* const stream = arguments.stream();
  LeanGroup* const group = GroupFrom(arguments, 1);
  if (stream == nullptr || Listener::Of(stream) == nullptr) return arguments.Return(UV_EBADF);
  if (group == nullptr) return arguments.Return(UV_EINVAL);
  group->SetPaused(arguments.Bool(2));
  group->Retain();
  Listener::Of(stream)->SetConsumer(group);
  return arguments.Return(0);
}

// Stores the address of the peer, so that an outgoing connection knows it after it is closed, like
// an accepted one.
void KeepPeer(Stream* stream) {
  sockaddr_storage address{};
  int size = sizeof address;
  auto* const peer = reinterpret_cast<sockaddr*>(&address);
  if (uv_tcp_getpeername(stream->uv_tcp(), peer, &size) == 0) stream->SetPeer(peer);
}

// (id, group, whether LeanEvent::kOpen follows)
napi_value Add(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* const stream = arguments.stream();
  LeanGroup* const group = GroupFrom(arguments, 1);
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  if (group == nullptr || stream->consumer() != nullptr) return arguments.Return(UV_EINVAL);
  if (stream->kind() == Handle::Kind::kTcp && stream->peer() == nullptr) KeepPeer(stream);
  group->Add(stream);
  if (arguments.Bool(2)) group->NoteOpen(stream);
  return arguments.Return(0);
}

// (id, group)
napi_value ShareContext(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* const stream = arguments.stream();
  LeanGroup* const group = GroupFrom(arguments, 1);
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  if (group == nullptr) return arguments.Return(UV_EINVAL);
  stream->Attach(group->context());
  return arguments.Return(0);
}

// A connection of a handler table. `stream()` is null if the id is not one of such a connection.
class Connection {
 public:
  explicit Connection(const StreamArguments& arguments)
      : hub_(LeanHub::Existing(arguments.environment())) {
    Stream* const stream = hub_ == nullptr ? nullptr : arguments.stream();
    if (stream == nullptr) return;
    group_ = LeanGroup::Of(stream);
    if (group_ != nullptr) stream_ = stream;
  }

  LeanHub* hub() const { return hub_; }
  LeanGroup* group() const { return group_; }
  Stream* stream() const { return stream_; }

  int Close(bool reset) {
    hub_->NoteCounters(stream_);
    const int status = reset ? stream_->CloseReset() : stream_->Close();
    hub_->Push(group_, -1, LeanEvent::kClosed);
    return status;
  }

  // Returns the number of waiting bytes, or an error.
  double Outcome(int result) const {
    return result == kWriteQueued ? static_cast<double>(stream_->write_queue_size()) : result;
  }

 protected:
  LeanHub* hub_;
  LeanGroup* group_ = nullptr;
  Stream* stream_ = nullptr;
};

// The same for methods whose data must come after all earlier writes.
class FlushedConnection : public Connection {
 public:
  explicit FlushedConnection(const StreamArguments& arguments) : Connection(arguments) {
    if (stream_ != nullptr) hub_->Flush();
  }
};

// (id, type of its async context from now on)
napi_value Remove(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  FlushedConnection connection(arguments);
  if (connection.stream() == nullptr) return arguments.Return(UV_EBADF);
  connection.group()->Remove(connection.stream());
  connection.stream()->Attach(arguments.at(1));
  return arguments.Return(0);
}

// (id): starts or continues reading. The end is reported once.
napi_value Resume(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Connection connection(arguments);
  if (connection.stream() == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(connection.stream()->ended() ? 0 : connection.stream()->ReadStart());
}

// (id): LeanEvent::kHeld follows.
napi_value Hold(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Connection connection(arguments);
  if (connection.stream() == nullptr) return arguments.Return(UV_EBADF);
  connection.hub()->Push(connection.group(), connection.stream()->id(), LeanEvent::kHeld);
  return arguments.Return(0);
}

// (id, Buffer): the messages that end in bytes which did not come through the hub, followed by the
// LeanEvent::FrameError, if any.
napi_value Cut(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Connection connection(arguments);
  Bytes bytes;
  napi_value list;
  if (connection.stream() == nullptr || !bytes.From(env, arguments.at(1)) ||
      napi_create_array(env, &list) != napi_ok) {
    return nullptr;
  }
  Framer* const framer = connection.group()->framer(connection.stream());
  if (framer == nullptr) return nullptr;
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data);
  const Framer::Result result = framer->Push(data, bytes.size);
  uint32_t count = 0;
  const auto add = [&](const uint8_t* message, size_t size) {
    napi_value copy;
    if (napi_create_buffer_copy(env, size, message, nullptr, &copy) == napi_ok) {
      napi_set_element(env, list, count++, copy);
    }
  };
  if (result.has_assembled) add(result.assembled, result.assembled_length);
  for (size_t i = 0; i < result.range_count; ++i) {
    add(data + result.ranges[i].offset, result.ranges[i].length);
  }
  if (result.status != Framer::Status::kOk) {
    napi_set_element(
        env, list, count,
        arguments.Return(result.status == Framer::Status::kTooLong ? LeanEvent::kTooLong
                                                                   : LeanEvent::kBadLength));
  }
  return list;
}

// (id): see LeanHub::TakeNoted.
napi_value TakeNoted(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Connection connection(arguments);
  if (connection.stream() == nullptr) return nullptr;
  return connection.hub()->TakeNoted(connection.stream()->id());
}

// (id): a Buffer with the bytes that were read but belong to no recorded message.
napi_value Uncut(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Connection connection(arguments);
  if (connection.stream() == nullptr) return nullptr;
  const std::vector<uint8_t> bytes = connection.group()->Uncut(connection.stream());
  napi_value copy;
  return napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &copy) == napi_ok
             ? copy
             : nullptr;
}

napi_value Flush(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  LeanHub* const hub = LeanHub::Existing(arguments.environment());
  if (hub != nullptr) hub->Flush();
  return nullptr;
}

// (id, Buffer): as Connection::Outcome
napi_value Write(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  FlushedConnection connection(arguments);
  if (connection.stream() == nullptr) return arguments.Return(UV_EBADF);
  Bytes bytes;
  if (!bytes.From(env, arguments.at(1))) return arguments.Return(UV_EINVAL);
  // Borrowed bytes are overwritten when their handler returns.
  const bool borrowed = connection.hub()->Holds(bytes.data);
  const int result = connection.stream()->Write(bytes.data, bytes.size,
                                                borrowed ? nullptr : arguments.at(1), false);
  return arguments.ReturnNumber(connection.Outcome(result));
}

// (id, Buffer[]): as Connection::Outcome
napi_value Writev(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  FlushedConnection connection(arguments);
  if (connection.stream() == nullptr) return arguments.Return(UV_EBADF);
  uint32_t count = 0;
  napi_value list = arguments.at(1);
  if (list == nullptr || napi_get_array_length(env, list, &count) != napi_ok) {
    return arguments.Return(UV_EINVAL);
  }
  std::vector<uv_buf_t> buffers;
  buffers.reserve(count);
  bool borrowed = false;
  for (uint32_t i = 0; i < count; ++i) {
    napi_value chunk;
    Bytes bytes;
    if (napi_get_element(env, list, i, &chunk) != napi_ok || !bytes.From(env, chunk)) {
      return arguments.Return(UV_EINVAL);
    }
    borrowed = borrowed || connection.hub()->Holds(bytes.data);
    AppendBuffers(&buffers, bytes.data, bytes.size);
  }
  Stream* const stream = connection.stream();
  const int result = borrowed ? stream->WriteCopied(buffers.data(), buffers.size())
                              : stream->WriteVector(buffers.data(), buffers.size(), list, nullptr);
  return arguments.ReturnNumber(connection.Outcome(result));
}

// (id, Buffer): how many bytes the kernel took, or an error
napi_value TryWrite(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  FlushedConnection connection(arguments);
  if (connection.stream() == nullptr) return arguments.Return(UV_EBADF);
  Bytes bytes;
  if (!bytes.From(env, arguments.at(1))) return arguments.Return(UV_EINVAL);
  return arguments.Return(connection.stream()->TryWrite(bytes.data, bytes.size));
}

// (Int32Array of ids, how many of them, Buffer)
napi_value Broadcast(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Environment* const environment = arguments.environment();
  LeanHub* const hub = LeanHub::Existing(environment);
  size_t length = 0;
  const auto* const ids = Numbers<int32_t>(env, arguments.at(0), 0, &length);
  Bytes bytes;
  if (hub == nullptr || ids == nullptr || !bytes.From(env, arguments.at(2))) {
    return arguments.Return(UV_EINVAL);
  }
  hub->Flush();
  const auto count = std::min(length, static_cast<size_t>(arguments.Int(1)));
  napi_value pin =
      bytes.size > LeanHub::kPinSize && !hub->Holds(bytes.data) ? arguments.at(2) : nullptr;
  for (size_t i = 0; i < count; ++i) {
    Handle* const handle = environment->Lookup(ids[i]);
    if (handle == nullptr || !handle->alive()) continue;
    auto* const stream = static_cast<Stream*>(handle);
    LeanGroup* const group = LeanGroup::Of(stream);
    if (group == nullptr) continue;
    hub->Written(group, stream, stream->Write(bytes.data, bytes.size, pin, false));
  }
  return arguments.Return(0);
}

// (id, the peer has ended): ends the connection after its written data. Returns 1 if this closes
// it, 0 if LeanEvent::kShutdown follows, or an error.
napi_value End(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  FlushedConnection connection(arguments);
  Stream* const stream = connection.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  if (arguments.Bool(1) && stream->write_queue_size() == 0) {
    connection.Close(false);
    return arguments.Return(1);
  }
  return arguments.Return(stream->Shutdown());
}

// (id, with a reset)
napi_value Close(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  FlushedConnection connection(arguments);
  Stream* const stream = connection.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  const bool reset = arguments.Bool(1) && stream->kind() == Handle::Kind::kTcp;
  return arguments.Return(connection.Close(reset));
}

// (id): the stored address of the peer, also while the connection is closing
napi_value PeerName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Handle* const handle = arguments.environment()->Lookup(arguments.Int(0, -1));
  if (handle == nullptr || handle->kind() != Handle::Kind::kTcp) return arguments.Return(UV_EBADF);
  const sockaddr* const peer = static_cast<Stream*>(handle)->peer();
  return peer == nullptr ? arguments.Return(UV_ENOTCONN) : ReturnAddress(arguments, peer);
}

}  // namespace

void InitLean(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "slabSize", ReceiveBuffer::kSlabSize);
  Define(env, exports, "smallRead", ReceiveBuffer::kSmallRead);
  Define(env, exports, "leanStart", Start);
  Define(env, exports, "leanGroupNew", GroupNew);
  Define(env, exports, "leanGroupFree", GroupFree);
  Define(env, exports, "leanListen", Listen);
  Define(env, exports, "leanAdd", Add);
  Define(env, exports, "leanShareContext", ShareContext);
  Define(env, exports, "leanRemove", Remove);
  Define(env, exports, "leanResume", Resume);
  Define(env, exports, "leanHold", Hold);
  Define(env, exports, "leanCut", Cut);
  Define(env, exports, "leanTakeNoted", TakeNoted);
  Define(env, exports, "leanUncut", Uncut);
  Define(env, exports, "leanFlush", Flush);
  Define(env, exports, "leanWrite", Write);
  Define(env, exports, "leanWritev", Writev);
  Define(env, exports, "leanTryWrite", TryWrite);
  Define(env, exports, "leanBroadcast", Broadcast);
  Define(env, exports, "leanEnd", End);
  Define(env, exports, "leanClose", Close);
  Define(env, exports, "leanPeerName", PeerName);
}

}  // namespace uvnet
