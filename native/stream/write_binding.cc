// The methods that write. See NativeBinding in lib/internal/native/native-types.ts.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "env/modules.h"
#include "memory/buffer.h"
#include "memory/encode_area.h"
#include "memory/gather.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

// Encodings that are written natively; lib/internal/socket/write-path.ts has the same numbers.
enum Encoding : int { kUtf8 = 0, kLatin1 = 1, kUtf16 = 2 };

// The largest number of bytes for one UTF-16 unit (in UTF-8).
constexpr size_t kMaxUnitSize = 3;

// Texts whose bytes certainly fit into this size are encoded on the stack. Texts that fit into the
// environment's area are encoded there. Only longer texts are measured first.
constexpr size_t kStackArea = 48 * 1024;

napi_status Encode(napi_env env, napi_value text, int encoding, char* to, size_t room,
                   size_t* size) {
  switch (encoding) {
    case kLatin1: return napi_get_value_string_latin1(env, text, to, room, size);
    case kUtf16: {
      size_t units = 0;
      const napi_status status = napi_get_value_string_utf16(
          env, text, reinterpret_cast<char16_t*>(to), room / sizeof(char16_t), &units);
      *size = units * sizeof(char16_t);
      return status;
    }
    default: return napi_get_value_string_utf8(env, text, to, room, size);
  }
}

// A queued write also returns its size, in the state array: counting the bytes of a long text takes
// longer than writing it.
napi_value ReturnWritten(const Arguments& arguments, int status, size_t size) {
  if (status == kWriteQueued) {
    arguments.environment()->SetState(static_cast<int32_t>(std::min<size_t>(size, INT32_MAX)), 0);
  }
  return arguments.Return(status);
}

napi_value WriteBuffer(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  Bytes bytes;
  if (!bytes.From(env, arguments.at(1))) return arguments.Return(UV_EINVAL);
  return ReturnWritten(arguments,
                       stream->Write(bytes.data, bytes.size, arguments.at(1), arguments.Bool(2)),
                       bytes.size);
}

// How a text is written; lib/internal/native/native-types.ts has the same numbers.
enum TextMode : int { kPlain = 0, kGather = 1, kVector = 2 };

// (id, text, encoding, TextMode)
napi_value WriteString(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  napi_value text = arguments.at(1);
  const int encoding = arguments.Int(2);
  const int mode = arguments.Int(3);
  size_t length = 0;
  if (text == nullptr || napi_get_value_string_utf16(env, text, nullptr, 0, &length) != napi_ok) {
    return arguments.Return(UV_EINVAL);
  }
  const auto write = [&](char* area, size_t room) {
    size_t size = 0;
    if (Encode(env, text, encoding, area, room, &size) != napi_ok) {
      return arguments.Return(UV_EINVAL);
    }
    const bool counted = mode == kVector || room > kStackArea;
    return ReturnWritten(arguments, stream->WriteText(area, size, mode == kGather, counted), size);
  };
  if (length < kStackArea / kMaxUnitSize) {
    alignas(char16_t) char area[kStackArea];
    return write(area, sizeof area);
  }
  if (length < EncodeArea::kSize / kMaxUnitSize) {
    return write(EncodeArea::Of(arguments.environment()).Get(), EncodeArea::kSize);
  }
  size_t size = 0;
  if (Encode(env, text, encoding, nullptr, 0, &size) != napi_ok) {
    return arguments.Return(UV_EINVAL);
  }
  // Freed if the kernel took all bytes; otherwise the request owns them.
  std::unique_ptr<char[]> bytes(new char[size + sizeof(char16_t)]);
  if (Encode(env, text, encoding, bytes.get(), size + sizeof(char16_t), &size) != napi_ok) {
    return arguments.Return(UV_EINVAL);
  }
  uv_buf_t buffer = MakeBuffer(bytes.get(), size);
  return ReturnWritten(arguments, stream->WriteVector(&buffer, 1, nullptr, std::move(bytes)), size);
}

// (id, [chunk, encoding, chunk, encoding…]); encoding -1 stands for a Buffer.
napi_value Writev(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  uint32_t length = 0;
  napi_value list = arguments.at(1);
  if (list == nullptr || napi_get_array_length(env, list, &length) != napi_ok) {
    return arguments.Return(UV_EINVAL);
  }

  struct Text {
    size_t index;
    napi_value value;
    int encoding;
    size_t size;
  };
  std::vector<uv_buf_t> buffers;
  buffers.reserve(length / 2);
  std::vector<Text> texts;
  size_t text_size = 0;
  for (uint32_t i = 0; i + 1 < length; i += 2) {
    napi_value chunk;
    napi_value code;
    int encoding;
    if (napi_get_element(env, list, i, &chunk) != napi_ok ||
        napi_get_element(env, list, i + 1, &code) != napi_ok ||
        napi_get_value_int32(env, code, &encoding) != napi_ok) {
      return arguments.Return(UV_EINVAL);
    }
    if (encoding < 0) {
      Bytes bytes;
      if (!bytes.From(env, chunk)) return arguments.Return(UV_EINVAL);
      AppendBuffers(&buffers, bytes.data, bytes.size);
    } else {
      size_t size = 0;
      if (Encode(env, chunk, encoding, nullptr, 0, &size) != napi_ok) {
        return arguments.Return(UV_EINVAL);
      }
      texts.push_back({buffers.size(), chunk, encoding, size});
      // Room for the terminator, with even alignment.
      text_size += (size + 3) & ~static_cast<size_t>(1);
      buffers.push_back(MakeBuffer(nullptr, size));
    }
  }

  std::unique_ptr<char[]> storage;
  if (!texts.empty()) {
    storage.reset(new char[text_size]);
    char* to = storage.get();
    for (const Text& text : texts) {
      size_t size = 0;
      if (Encode(env, text.value, text.encoding, to, text.size + 2, &size) != napi_ok) {
        return arguments.Return(UV_EINVAL);
      }
      buffers[text.index] = MakeBuffer(to, size);
      to += (text.size + 3) & ~static_cast<size_t>(1);
    }
  }
  size_t size = 0;
  for (const uv_buf_t& buffer : buffers) size += buffer.len;
  return ReturnWritten(
      arguments, stream->WriteVector(buffers.data(), buffers.size(), list, std::move(storage)),
      size);
}

// Sends all gathered bytes. Returns undefined, or [id, status…] of those that failed.
napi_value FlushAll(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Environment* environment = arguments.environment();
  environment->NextTurn();
  GatherPool& pool = GatherPool::Of(environment);
  Stream::FlushWaiting(&pool);
  if (pool.failures().empty()) return nullptr;
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return nullptr;
  uint32_t count = 0;
  for (const GatherPool::Failure& failure : pool.failures()) {
    napi_set_element(env, list, count++, arguments.Return(failure.id));
    napi_set_element(env, list, count++, arguments.Return(failure.status));
  }
  pool.failures().clear();
  return list;
}

napi_value StopGathering(napi_env env, napi_callback_info info) {
  GatherPool::Of(Arguments(env, info).environment()).Disable();
  return FlushAll(env, info);
}

}  // namespace

void InitWrite(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "writeBuffer", WriteBuffer);
  Define(env, exports, "writeString", WriteString);
  Define(env, exports, "writev", Writev);
  Define(env, exports, "flushAll", FlushAll);
  Define(env, exports, "stopGathering", StopGathering);
}

}  // namespace uvnet
