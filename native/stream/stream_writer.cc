#include "stream/stream_writer.h"

#include <algorithm>
#include <cstring>
#include <forward_list>
#include <utility>
#include <vector>

#include "descriptor/send_now.h"
#include "env/js_call.h"
#include "memory/buffer.h"
#include "memory/chunk_memory.h"
#include "stream/stream.h"
#include "stream/stream_consumer.h"

namespace uvnet {

// A write that the kernel has not taken completely. It keeps the rest of the bytes alive, and owns
// itself while libuv holds one of its requests.
class WriteRequest {
 public:
  // `list` has the writes of the stream, and lives as long as the stream.
  WriteRequest(Stream* stream, WriteList* list, bool notify)
      : previous_(list->last),
        stream_(stream),
        list_(list),
        consumer_(stream->consumer()),
        notify_(notify) {
    (previous_ == nullptr ? list->first : previous_->next_) = this;
    list->last = this;
    // Most writes complete at once and do not come here.
    if (consumer_ == nullptr && notify_) {
      caller_ = AsyncContext::Make(stream->environment(), "WRITEWRAP");
    }
  }
  ~WriteRequest() {
    (previous_ == nullptr ? list_->first : previous_->next_) = next_;
    (next_ == nullptr ? list_->last : next_->previous_) = previous_;
    if (pin_ != nullptr) napi_delete_reference(stream_->environment()->env(), pin_);
    if (block_ != nullptr) GatherPool::Of(stream_->environment()).Give(std::move(block_));
  }
  WriteRequest(const WriteRequest&) = delete;
  WriteRequest& operator=(const WriteRequest&) = delete;

  int Pin(napi_value object) {
    napi_env env = stream_->environment()->env();
    return napi_create_reference(env, object, 1, &pin_) == napi_ok ? 0 : UV_ENOMEM;
  }
  void Own(std::unique_ptr<char[]> bytes) { owned_ = std::move(bytes); }
  void Own(std::unique_ptr<GatherBlock> block) { block_ = std::move(block); }
  void Keep(const uv_buf_t* buffers, size_t count) { buffers_.assign(buffers, buffers + count); }
  // Copies the bytes instead.
  void KeepCopy(const uv_buf_t* buffers, size_t count);

  const std::vector<uv_buf_t>& buffers() const { return buffers_; }
  const WriteRequest* next() const { return next_; }

  // Hands what it keeps to libuv. An error means that nothing else will report this write.
  static int Start(std::unique_ptr<WriteRequest> self);

 private:
  static void OnDone(uv_write_t* request, int status);
  void Report(int status);

  WriteRequest* previous_;
  WriteRequest* next_ = nullptr;
  std::vector<uv_buf_t> buffers_;
  Stream* const stream_;
  WriteList* const list_;
  StreamConsumer* consumer_;
  std::shared_ptr<AsyncContext> caller_;
  napi_ref pin_ = nullptr;
  std::unique_ptr<char[]> owned_;
  std::unique_ptr<GatherBlock> block_;
  uv_write_t request_;
  // More requests, for the bytes that are too many for one. One report stands for all of them: the
  // first error, or the success of the last.
  std::forward_list<uv_write_t> more_;
  size_t pending_ = 0;
  bool notify_;
  bool reported_ = false;
};

namespace {

// Drops the first `size` bytes; returns the first buffer that still has some.
size_t Advance(uv_buf_t* buffers, size_t count, size_t size) {
  size_t index = 0;
  while (index < count && size >= buffers[index].len) size -= buffers[index++].len;
  if (index < count) {
    buffers[index].base += size;
    buffers[index].len -= size;
  }
  return index;
}

size_t TotalSize(const uv_buf_t* buffers, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) total += buffers[i].len;
  return total;
}

}  // namespace

void WriteRequest::KeepCopy(const uv_buf_t* buffers, size_t count) {
  const size_t total = TotalSize(buffers, count);
  owned_.reset(new char[total]);
  char* to = owned_.get();
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(to, buffers[i].base, buffers[i].len);
    to += buffers[i].len;
  }
  AppendBuffers(&buffers_, owned_.get(), total);
}

int WriteRequest::Start(std::unique_ptr<WriteRequest> self) {
  const std::vector<uv_buf_t>& buffers = self->buffers_;
  uv_write_t* request = &self->request_;
  int status = 0;
  for (size_t at = 0, count; at < buffers.size(); at += count) {
    count = CountForOneRequest(&buffers[at], buffers.size() - at);
    if (at > 0) request = &self->more_.emplace_front();
    request->data = self.get();
    status = uv_write(request, self->stream_->uv_stream(), &buffers[at],
                      static_cast<unsigned>(count), OnDone);
    if (status != 0) break;
    ++self->pending_;
  }
  // The caller reports an error, even if the first requests have left.
  self->reported_ = status != 0;
  if (self->pending_ > 0) (void)self.release();
  return status;
}

void WriteRequest::OnDone(uv_write_t* request, int status) {
  auto* const self = static_cast<WriteRequest*>(request->data);
  const std::unique_ptr<WriteRequest> last(--self->pending_ == 0 ? self : nullptr);
  if (status == 0) self->stream_->Touch();
  if (self->reported_ || (status == 0 && last == nullptr)) return;
  self->reported_ = true;
  self->Report(status);
}

void WriteRequest::Report(int status) {
  HandleScope scope(stream_->environment()->env());
  StreamConsumer* const now = stream_->consumer();
  if (now != nullptr && (now == consumer_ || now->AsLeanGroup() != nullptr)) {
    // A handler table also waits for the writes of an earlier owner.
    now->OnWritten(stream_, status);
  } else if (consumer_ == nullptr && notify_) {
    JsCall(stream_, caller_).Int(stream_->id()).Int(status).Run(Callback::kWrite);
  } else if (now == nullptr && status != 0 && status != UV_ECANCELED) {
    JsCall(stream_).Int(stream_->id()).Int(status).Run(Callback::kWriteError);
  }
}

bool StreamWriter::Gathers(Stream* stream, size_t size, bool wanted) {
  // All writes of the turn are counted, even if they cannot be gathered. An empty write has nothing
  // to gather, but still shows whether the peer is there.
  return stream->write_queue_size() == 0 && ShouldGather(stream->environment(), size) && wanted &&
         size > 0;
}

bool StreamWriter::ShouldGather(Environment* environment, size_t size) {
  GatherPool& pool = GatherPool::Of(environment);
  const uint32_t turn = environment->turn();
  bool one_of_many = false;
  if (turn_ != turn) {
    turn_ = turn;
    bursty_ = turn_writes_ > 1;
    turn_writes_ = 0;
    one_of_many = pool.CountWriter(turn);
  }
  if (turn_writes_ < UINT16_MAX) ++turn_writes_;
  return (bursty_ || turn_writes_ > 1 || one_of_many) && size <= GatherPool::kMaxChunk &&
         pool.enabled();
}

int StreamWriter::Gather(Stream* stream, const char* data, size_t size, bool counted) {
  if (gathered_ != nullptr && gathered_->room() < size) {
    const int status = Flush(stream);
    if (status < 0) return status;
  }
  if (gathered_ == nullptr) {
    gathered_ = GatherPool::Of(stream->environment()).Take();
    gathered_->counted = counted ? size : 0;
  }
  std::memcpy(gathered_->bytes + gathered_->used, data, size);
  gathered_->used += size;
  if (waiting_) return kWriteDone;

  GatherPool& pool = GatherPool::Of(stream->environment());
  const int result = pool.waiting().empty() ? kWriteGathered : kWriteDone;
  pool.waiting().push_back(stream);
  waiting_ = true;
  if (pool.full()) FlushWaiting(&pool);
  return result;
}

int StreamWriter::Write(Stream* stream, const char* data, size_t size, napi_value pin,
                        bool gather) {
  if (pin == nullptr) return WriteText(stream, data, size, gather, false);
  bytes_ += size;
  if (Gathers(stream, size, gather)) return Gather(stream, data, size, true);
  ChunkMemory::Of(stream->environment()).Written(data, size);
  Keeper keeper;
  keeper.pin = pin;
  if (size > kMaxWrite) {
    std::vector<uv_buf_t> buffers;
    AppendBuffers(&buffers, data, size);
    return Dispatch(stream, buffers.data(), buffers.size(), true, std::move(keeper));
  }
  uv_buf_t buffer = MakeBuffer(data, size);
  return Dispatch(stream, &buffer, 1, true, std::move(keeper));
}

int StreamWriter::WriteText(Stream* stream, const char* data, size_t size, bool gather,
                            bool counted) {
  bytes_ += size;
  if (Gathers(stream, size, gather)) return Gather(stream, data, size, counted);
  uv_buf_t buffer = MakeBuffer(data, size);
  Keeper keeper;
  keeper.transient = true;
  keeper.counted = counted;
  return Dispatch(stream, &buffer, 1, true, std::move(keeper));
}

int StreamWriter::WriteVector(Stream* stream, uv_buf_t* buffers, size_t count, napi_value pin,
                              std::unique_ptr<char[]> owned) {
  const size_t size = TotalSize(buffers, count);
  bytes_ += size;
  if (pin != nullptr) ChunkMemory::Of(stream->environment()).Written(nullptr, size);
  Keeper keeper;
  keeper.pin = pin;
  keeper.owned = std::move(owned);
  return Dispatch(stream, buffers, count, true, std::move(keeper));
}

int StreamWriter::WriteCopied(Stream* stream, uv_buf_t* buffers, size_t count) {
  bytes_ += TotalSize(buffers, count);
  Keeper keeper;
  keeper.transient = true;
  keeper.counted = false;
  return Dispatch(stream, buffers, count, true, std::move(keeper));
}

int StreamWriter::TryWrite(Stream* stream, const char* data, size_t size) {
  const int flushed = Flush(stream);
  if (flushed < 0) return flushed;
  if (stream->write_queue_size() > 0) return 0;
  const uv_buf_t buffer = MakeBuffer(data, std::min(size, kMaxWrite));
  const int result = SendNow(stream->uv_stream(), &buffer, 1);
  if (result == UV_EAGAIN || result == UV_ENOSYS) return 0;
  if (result > 0) {
    bytes_ += static_cast<size_t>(result);
    stream->Touch();
  }
  return result;
}

void StreamWriter::FlushWaiting(GatherPool* pool) {
  for (Stream* stream : pool->waiting()) {
    if (stream == nullptr) continue;
    StreamWriter& self = stream->writer_;
    self.waiting_ = false;
    const int status = self.Flush(stream);
    if (status < 0) pool->failures().push_back({stream->id(), status});
  }
  pool->waiting().clear();
}

int StreamWriter::Flush(Stream* stream) {
  if (gathered_ == nullptr) return 0;
  const int result = Dispatch(stream, nullptr, 0, false, Keeper());
  return result < 0 ? result : 0;
}

int StreamWriter::CopyUnsent(Stream* stream, std::string* bytes) {
  const int flushed = Flush(stream);
  if (flushed < 0) return flushed;
  // The kernel takes bytes in order, so the last ones are missing.
  const size_t unsent = stream->write_queue_size();
  if (unsent == 0) return 0;
  for (const WriteRequest* request = stream->extra()->writes.first; request != nullptr;
       request = request->next()) {
    for (const uv_buf_t& buffer : request->buffers()) bytes->append(buffer.base, buffer.len);
  }
  if (bytes->size() < unsent) return UV_EBUSY;
  bytes->erase(0, bytes->size() - unsent);
  return 0;
}

void StreamWriter::Close(Stream* stream) {
  // node:net would already have sent the bytes that user code wrote in this turn before it
  // destroyed the socket. Bytes that the kernel refuses now would be lost there too.
  Flush(stream);
  if (waiting_) {
    for (Stream*& waiting : GatherPool::Of(stream->environment()).waiting()) {
      if (waiting == stream) waiting = nullptr;
    }
    waiting_ = false;
  }
  if (gathered_ != nullptr) GatherPool::Of(stream->environment()).Give(std::move(gathered_));
}

int StreamWriter::Dispatch(Stream* stream, uv_buf_t* buffers, size_t count, bool notify,
                           Keeper keeper) {
  // Bytes that were gathered before leave first.
  std::unique_ptr<GatherBlock> block = std::move(gathered_);
  std::vector<uv_buf_t> joined;
  uv_buf_t pair[2];
  if (block != nullptr) {
    const uv_buf_t first = MakeBuffer(block->bytes, block->used);
    if (count <= 1) {
      pair[0] = first;
      if (count == 1) pair[1] = buffers[0];
      buffers = pair;
    } else {
      joined.reserve(count + 1);
      joined.push_back(first);
      joined.insert(joined.end(), buffers, buffers + count);
      buffers = joined.data();
    }
    ++count;
  }

  int status = 0;
  if (stream->write_queue_size() == 0) {
    const size_t total = TotalSize(buffers, count);
    const size_t first = total <= kMaxWrite ? count : CountForOneRequest(buffers, count);
    status = SendNow(stream->uv_stream(), buffers, static_cast<unsigned>(first));
    if (status >= 0) {
      stream->Touch();
      const size_t done = Advance(buffers, count, static_cast<size_t>(status));
      buffers += done;
      count -= done;
      // An empty write is also done.
      if (TotalSize(buffers, count) == 0) count = 0;
    }
    if ((status < 0 && status != UV_EAGAIN && status != UV_ENOSYS) || count == 0) {
      // As in node:net, a short text that fails at once does not count as written, but a Buffer
      // does. After a failure, no further write counts.
      const size_t counted = block != nullptr ? block->counted : keeper.counted ? total : 0;
      if (status < 0) bytes_ -= total - counted;
      if (block != nullptr) GatherPool::Of(stream->environment()).Give(std::move(block));
      return status < 0 ? status : static_cast<int>(kWriteDone);
    }
  }

  std::unique_ptr<WriteRequest> request(new WriteRequest(stream, &stream->extra()->writes, notify));
  if (block != nullptr) request->Own(std::move(block));
  if (keeper.owned != nullptr) request->Own(std::move(keeper.owned));
  if (keeper.pin != nullptr) {
    status = request->Pin(keeper.pin);
    if (status != 0) return status;
  }
  if (keeper.transient) {
    request->KeepCopy(buffers, count);
  } else {
    request->Keep(buffers, count);
  }
  status = WriteRequest::Start(std::move(request));
  return status < 0 ? status : static_cast<int>(kWriteQueued);
}

}  // namespace uvnet
