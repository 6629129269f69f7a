// Writing: the kernel first, then the queue. See Stream in stream.h.
//
// Gathering: the first write of a turn goes out at once. Further writes of the
// same turn are copied into one block, which leaves in one system call at the
// end of the turn; a stream whose last turn held several writes gathers from the
// first one on, and so do the later ones of many that one turn writes to. The
// facade schedules FlushAll ahead of every callback of these writes, so nothing
// that user code can see happens before the bytes left.

#include <cstring>
#include <utility>
#include <vector>

#include "env/js_call.h"
#include "memory/buffer.h"
#include "memory/gather.h"
#include "stream/send_now.h"
#include "stream/stream.h"
#include "stream/stream_consumer.h"
#include "stream/write_request.h"

namespace uvnet {

void WriteRequest::OnDone(uv_write_t* request, int status) {
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

// One copy of all buffers.
uv_buf_t Join(const uv_buf_t* buffers, size_t count, std::unique_ptr<char[]>* owned) {
  const size_t total = TotalSize(buffers, count);
  owned->reset(new char[total]);
  char* to = owned->get();
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(to, buffers[i].base, buffers[i].len);
    to += buffers[i].len;
  }
  return MakeBuffer(owned->get(), total);
}

}  // namespace

bool Stream::Gathers(size_t size, bool wanted) {
  // The turn's writes are counted, whether this one may be gathered or not; an empty one
  // has nothing to gather, but still shows whether the peer is there.
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
  uv_buf_t buffer = MakeBuffer(data, size);
  Keeper keeper;
  keeper.pin = pin;
  return Dispatch(&buffer, 1, true, std::move(keeper));
}

int Stream::WriteText(const char* data, size_t size, bool gather, bool counted) {
  bytes_written_ += size;
  if (Gathers(size, gather)) return Gather(data, size, counted);
  uv_buf_t buffer = MakeBuffer(data, size);
  Keeper keeper;
  keeper.transient = true;
  keeper.counted = counted;
  return Dispatch(&buffer, 1, true, std::move(keeper));
}

int Stream::WriteVector(uv_buf_t* buffers, size_t count, napi_value pin,
                        std::unique_ptr<char[]> owned) {
  bytes_written_ += TotalSize(buffers, count);
  Keeper keeper;
  keeper.pin = pin;
  keeper.owned = std::move(owned);
  return Dispatch(buffers, count, true, std::move(keeper));
}

int Stream::WriteCopied(uv_buf_t* buffers, size_t count) {
  bytes_written_ += TotalSize(buffers, count);
  Keeper keeper;
  keeper.transient = true;
  keeper.counted = false;
  return Dispatch(buffers, count, true, std::move(keeper));
}

int Stream::TryWrite(const char* data, size_t size) {
  const int flushed = Flush();
  if (flushed < 0) return flushed;
  if (write_queue_size() > 0) return 0;
  const uv_buf_t buffer = MakeBuffer(data, size);
  const int result = SendNow(uv_stream(), &buffer, 1);
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
  for (const WriteRequest* request = extra()->writes.first; request != nullptr;
       request = request->next()) {
    for (const uv_buf_t& buffer : request->buffers()) bytes->append(buffer.base, buffer.len);
  }
  if (bytes->size() < unsent) return UV_EBUSY;
  bytes->erase(0, bytes->size() - unsent);
  return 0;
}

int Stream::Dispatch(uv_buf_t* buffers, size_t count, bool notify, Keeper keeper) {
  // What was gathered before goes first.
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
  if (write_queue_size() == 0) {
    const size_t total = TotalSize(buffers, count);
    status = SendNow(uv_stream(), buffers, static_cast<unsigned>(count));
    if (status >= 0) {
      Touch();
      const size_t done = Advance(buffers, count, static_cast<size_t>(status));
      buffers += done;
      count -= done;
      // A write of nothing is done as well.
      if (TotalSize(buffers, count) == 0) count = 0;
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

  std::unique_ptr<WriteRequest> request(new WriteRequest(this, &extra()->writes, notify));
  if (block != nullptr) request->Own(std::move(block));
  uv_buf_t copy;
  if (keeper.transient) {
    copy = Join(buffers, count, &keeper.owned);
    buffers = &copy;
    count = 1;
  }
  if (keeper.owned != nullptr) request->Own(std::move(keeper.owned));
  if (keeper.pin != nullptr) {
    status = request->Pin(keeper.pin);
    if (status != 0) return status;
  }
  request->Keep(buffers, count);
  status = WriteRequest::Start(std::move(request), [&](uv_write_t* uv) {
    return uv_write(uv, uv_stream(), buffers, static_cast<unsigned>(count), WriteRequest::OnDone);
  });
  return status < 0 ? status : static_cast<int>(kWriteQueued);
}

}  // namespace uvnet
