// Writing: the kernel first, then the queue. See Stream in stream.h.
//
// Gathering: the first write of a turn goes out at once. Further writes of the
// same turn are copied into one block, which leaves in one system call at the
// end of the turn; a stream whose last turn held several writes gathers from the
// first one on, and so do the later ones of many that one turn writes to. The
// facade schedules FlushAll ahead of every callback of these writes, so nothing
// that user code can see happens before the bytes left.

#include <cstring>
#include <vector>

#include "env/js_call.h"
#include "env/request.h"
#include "memory/encode_area.h"
#include "memory/gather.h"
#include "memory/piece.h"
#include "stream/send_now.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"
#include "stream/stream_consumer.h"

namespace uvnet {

// A write the kernel did not take whole: keeps the rest of the bytes alive.
class WriteRequest : public Request<uv_write_t> {
 public:
  WriteRequest(Stream* stream, bool notify)
      : stream_(stream), consumer_(stream->consumer()), notify_(notify) {
    Stream::Rare* const rare = stream->rare();
    previous_ = rare->last_write;
    (previous_ == nullptr ? rare->first_write : previous_->next_) = this;
    rare->last_write = this;
    // Most writes are done at once and never come here.
    if (consumer_ == nullptr && notify_) {
      caller_ = AsyncContext::Make(stream->environment()->env(), "WRITEWRAP");
    }
  }
  ~WriteRequest() {
    Stream::Rare* const rare = stream_->rare();
    (previous_ == nullptr ? rare->first_write : previous_->next_) = next_;
    (next_ == nullptr ? rare->last_write : next_->previous_) = previous_;
    if (pin_ != nullptr) napi_delete_reference(stream_->environment()->env(), pin_);
    if (block_ != nullptr) GatherPool::Of(stream_->environment()).Give(std::move(block_));
  }

  int Pin(napi_value object) {
    napi_env env = stream_->environment()->env();
    return napi_create_reference(env, object, 1, &pin_) == napi_ok ? 0 : UV_ENOMEM;
  }
  void Own(std::unique_ptr<char[]> bytes) { owned_ = std::move(bytes); }
  void Own(std::unique_ptr<GatherBlock> block) { block_ = std::move(block); }
  void Keep(const uv_buf_t* pieces, size_t count) { pieces_.assign(pieces, pieces + count); }

  const std::vector<uv_buf_t>& pieces() const { return pieces_; }
  const WriteRequest* next() const { return next_; }

  static void OnDone(uv_write_t* request, int status) {
    auto self = Finish<WriteRequest>(request);
    Stream* stream = self->stream_;
    HandleScope scope(stream->environment()->env());
    if (status == 0) stream->Touch();
    StreamConsumer* const now = stream->consumer();
    if (now != nullptr && (now == self->consumer_ || now->AsLeanGroup() != nullptr)) {
      // What an earlier owner left behind, too, is what a handler table waits for.
      now->OnWritten(stream, status);
    } else if (self->consumer_ == nullptr && self->notify_) {
      JsCall(stream, self->caller_).Int(stream->id()).Int(status).Run(Callback::kWrite);
    } else if (now == nullptr && status != 0 && status != UV_ECANCELED) {
      JsCall(stream).Int(stream->id()).Int(status).Run(Callback::kWriteError);
    }
  }

 private:
  WriteRequest* previous_ = nullptr;
  WriteRequest* next_ = nullptr;
  std::vector<uv_buf_t> pieces_;
  Stream* stream_;
  StreamConsumer* consumer_;
  bool notify_;
  std::shared_ptr<AsyncContext> caller_;
  napi_ref pin_ = nullptr;
  std::unique_ptr<char[]> owned_;
  std::unique_ptr<GatherBlock> block_;
};

namespace {

// Drops the first `size` bytes; returns the first piece that still has some.
size_t Advance(uv_buf_t* pieces, size_t count, size_t size) {
  size_t index = 0;
  while (index < count && size >= pieces[index].len) size -= pieces[index++].len;
  if (index < count) {
    pieces[index].base += size;
    pieces[index].len -= size;
  }
  return index;
}

size_t TotalSize(const uv_buf_t* pieces, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) total += pieces[i].len;
  return total;
}

// One copy of all pieces.
uv_buf_t Join(const uv_buf_t* pieces, size_t count, std::unique_ptr<char[]>* owned) {
  const size_t total = TotalSize(pieces, count);
  owned->reset(new char[total]);
  char* to = owned->get();
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(to, pieces[i].base, pieces[i].len);
    to += pieces[i].len;
  }
  return Piece(owned->get(), total);
}

}  // namespace

bool Stream::Gathers(size_t size, bool wanted) {
  // The turn's writes are counted, whether this one may be gathered or not; an empty one
  // has nothing to gather, but still tells whether the peer is there.
  return write_queue_size() == 0 && ShouldGather(size) && wanted && size > 0;
}

bool Stream::ShouldGather(size_t size) {
  GatherPool& pool = GatherPool::Of(environment());
  const uint32_t turn = environment()->turn();
  bool one_of_many = false;
  if (write_turn_ != turn) {
    write_turn_ = turn;
    bursty_ = turn_writes_ > 1;
    turn_writes_ = 0;
    one_of_many = pool.CountWriter(turn);
  }
  if (turn_writes_ < UINT16_MAX) ++turn_writes_;
  return (bursty_ || turn_writes_ > 1 || one_of_many) && size <= GatherPool::kMaxChunk &&
         pool.enabled();
}

int Stream::Gather(const char* data, size_t size, bool counted) {
  if (gathered_ != nullptr && gathered_->room() < size) {
    const int status = Flush();
    if (status < 0) return status;
  }
  if (gathered_ == nullptr) {
    gathered_ = GatherPool::Of(environment()).Take();
    gathered_->counted = counted ? size : 0;
  }
  std::memcpy(gathered_->bytes + gathered_->used, data, size);
  gathered_->used += size;
  if (waiting_) return kWriteDone;

  GatherPool& pool = GatherPool::Of(environment());
  const int result = pool.waiting().empty() ? kWriteGathered : kWriteDone;
  pool.waiting().push_back(this);
  waiting_ = true;
  if (pool.full()) FlushWaiting(&pool);
  return result;
}

void Stream::ForgetGathered() {
  if (waiting_) {
    for (Stream*& stream : GatherPool::Of(environment()).waiting()) {
      if (stream == this) stream = nullptr;
    }
    waiting_ = false;
  }
  if (gathered_ != nullptr) GatherPool::Of(environment()).Give(std::move(gathered_));
}

int Stream::Write(const char* data, size_t size, napi_value pin, bool gather) {
  if (pin == nullptr) return WriteText(data, size, gather, false);
  bytes_written_ += size;
  if (Gathers(size, gather)) return Gather(data, size, true);
  uv_buf_t piece = Piece(data, size);
  Keeper keeper;
  keeper.pin = pin;
  return Dispatch(&piece, 1, true, std::move(keeper));
}

int Stream::WriteText(const char* data, size_t size, bool gather, bool counted) {
  bytes_written_ += size;
  if (Gathers(size, gather)) return Gather(data, size, counted);
  uv_buf_t piece = Piece(data, size);
  Keeper keeper;
  keeper.transient = true;
  keeper.counted = counted;
  return Dispatch(&piece, 1, true, std::move(keeper));
}

int Stream::WriteVector(uv_buf_t* pieces, size_t count, napi_value pin,
                        std::unique_ptr<char[]> owned) {
  bytes_written_ += TotalSize(pieces, count);
  Keeper keeper;
  keeper.pin = pin;
  keeper.owned = std::move(owned);
  return Dispatch(pieces, count, true, std::move(keeper));
}

int Stream::WriteCopied(uv_buf_t* pieces, size_t count) {
  bytes_written_ += TotalSize(pieces, count);
  Keeper keeper;
  keeper.transient = true;
  keeper.counted = false;
  return Dispatch(pieces, count, true, std::move(keeper));
}

int Stream::TryWrite(const char* data, size_t size) {
  const int flushed = Flush();
  if (flushed < 0) return flushed;
  if (write_queue_size() > 0) return 0;
  const uv_buf_t piece = Piece(data, size);
  const int result = SendNow(uv_stream(), &piece, 1);
  if (result == UV_EAGAIN || result == UV_ENOSYS) return 0;
  if (result > 0) {
    bytes_written_ += static_cast<size_t>(result);
    Touch();
  }
  return result;
}

void Stream::FlushWaiting(GatherPool* pool) {
  for (Stream* stream : pool->waiting()) {
    if (stream == nullptr) continue;
    stream->waiting_ = false;
    const int status = stream->Flush();
    if (status < 0) pool->failures().push_back({stream->id(), status});
  }
  pool->waiting().clear();
}

int Stream::Flush() {
  if (gathered_ == nullptr) return 0;
  const int result = Dispatch(nullptr, 0, false, Keeper());
  return result < 0 ? result : 0;
}

int Stream::CopyUnsent(std::string* bytes) {
  const int flushed = Flush();
  if (flushed < 0) return flushed;
  // The kernel takes bytes in order, so what it does not have are the last ones.
  const size_t unsent = write_queue_size();
  if (unsent == 0) return 0;
  for (const WriteRequest* request = rare()->first_write; request != nullptr;
       request = request->next()) {
    for (const uv_buf_t& piece : request->pieces()) bytes->append(piece.base, piece.len);
  }
  if (bytes->size() < unsent) return UV_EBUSY;
  bytes->erase(0, bytes->size() - unsent);
  return 0;
}

int Stream::Dispatch(uv_buf_t* pieces, size_t count, bool notify, Keeper keeper) {
  // What was gathered before goes first.
  std::unique_ptr<GatherBlock> block = std::move(gathered_);
  std::vector<uv_buf_t> joined;
  uv_buf_t pair[2];
  if (block != nullptr) {
    const uv_buf_t first = Piece(block->bytes, block->used);
    if (count <= 1) {
      pair[0] = first;
      if (count == 1) pair[1] = pieces[0];
      pieces = pair;
    } else {
      joined.reserve(count + 1);
      joined.push_back(first);
      joined.insert(joined.end(), pieces, pieces + count);
      pieces = joined.data();
    }
    ++count;
  }

  int status = 0;
  if (write_queue_size() == 0) {
    const size_t total = TotalSize(pieces, count);
    status = SendNow(uv_stream(), pieces, static_cast<unsigned>(count));
    if (status >= 0) {
      Touch();
      const size_t done = Advance(pieces, count, static_cast<size_t>(status));
      pieces += done;
      count -= done;
      // A write of nothing is done as well.
      if (TotalSize(pieces, count) == 0) count = 0;
    }
    if ((status < 0 && status != UV_EAGAIN && status != UV_ENOSYS) || count == 0) {
      // As in node:net a short text that fails at once does not count as written, a Buffer
      // does, and after a failure there is no further write that could.
      const size_t counted = block != nullptr ? block->counted : keeper.counted ? total : 0;
      if (status < 0) bytes_written_ -= total - counted;
      if (block != nullptr) GatherPool::Of(environment()).Give(std::move(block));
      return status < 0 ? status : static_cast<int>(kWriteDone);
    }
  }

  std::unique_ptr<WriteRequest> request(new WriteRequest(this, notify));
  if (block != nullptr) request->Own(std::move(block));
  uv_buf_t copy;
  if (keeper.transient) {
    copy = Join(pieces, count, &keeper.owned);
    pieces = &copy;
    count = 1;
  }
  if (keeper.owned != nullptr) request->Own(std::move(keeper.owned));
  if (keeper.pin != nullptr) {
    status = request->Pin(keeper.pin);
    if (status != 0) return status;
  }
  request->Keep(pieces, count);
  status = WriteRequest::Start(std::move(request), [&](uv_write_t* uv) {
    return uv_write(uv, uv_stream(), pieces, static_cast<unsigned>(count), WriteRequest::OnDone);
  });
  return status < 0 ? status : static_cast<int>(kWriteQueued);
}

// Methods ---------------------------------------------------------------------

namespace {

// Encodings the core writes by itself; lib/internal/socket/write-path.ts has the same.
enum Encoding : int { kUtf8 = 0, kLatin1 = 1, kUtf16 = 2 };

// The most bytes that one unit of UTF-16 becomes (in UTF-8).
constexpr size_t kMaxUnitSize = 3;

// Texts whose bytes fit into this for sure are encoded on the stack, those that
// fit into the environment's area there; only longer ones are measured first.
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

napi_value WriteBuffer(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  void* data = nullptr;
  size_t size = 0;
  if (!arguments.has(1) || napi_get_buffer_info(env, arguments.at(1), &data, &size) != napi_ok) {
    return arguments.Return(UV_EINVAL);
  }
  return arguments.Return(
      stream->Write(static_cast<const char*>(data), size, arguments.at(1), arguments.Bool(2)));
}

// How a text is written; lib/internal/native/native-types.ts has the same.
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
    return arguments.Return(stream->WriteText(area, size, mode == kGather, counted));
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
  // Free again when the kernel took it all; the request takes it over otherwise.
  std::unique_ptr<char[]> bytes(new char[size + sizeof(char16_t)]);
  if (Encode(env, text, encoding, bytes.get(), size + sizeof(char16_t), &size) != napi_ok) {
    return arguments.Return(UV_EINVAL);
  }
  uv_buf_t piece = Piece(bytes.get(), size);
  return arguments.Return(stream->WriteVector(&piece, 1, nullptr, std::move(bytes)));
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
  std::vector<uv_buf_t> pieces(length / 2);
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
    void* data = nullptr;
    size_t size = 0;
    if (encoding < 0) {
      if (napi_get_buffer_info(env, chunk, &data, &size) != napi_ok) {
        return arguments.Return(UV_EINVAL);
      }
    } else {
      if (Encode(env, chunk, encoding, nullptr, 0, &size) != napi_ok) {
        return arguments.Return(UV_EINVAL);
      }
      texts.push_back({i / 2, chunk, encoding, size});
      // Room for the terminator, at an even place.
      text_size += (size + 3) & ~static_cast<size_t>(1);
    }
    pieces[i / 2] = Piece(static_cast<char*>(data), size);
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
      pieces[text.index] = Piece(to, size);
      to += (text.size + 3) & ~static_cast<size_t>(1);
    }
  }
  return arguments.Return(
      stream->WriteVector(pieces.data(), pieces.size(), list, std::move(storage)));
}

// Sends all that was gathered. Undefined, or [id, status…] of those that failed.
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
