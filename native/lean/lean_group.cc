#include "lean/lean_group.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "env/js_call.h"
#include "lean/lean_hub.h"
#include "memory/receive_buffer.h"
#include "stream/stream.h"

namespace uvnet {

LeanGroup* LeanGroup::Create(LeanHub* hub, bool borrow, std::unique_ptr<FramingOptions> framing) {
  auto context = AsyncContext::Make(hub->environment(), "UVNETLEAN");
  if (context == nullptr) return nullptr;
  return new LeanGroup(hub, std::move(context), borrow, std::move(framing));
}

LeanGroup::LeanGroup(LeanHub* hub, std::shared_ptr<AsyncContext> context, bool borrow,
                     std::unique_ptr<FramingOptions> framing)
    : hub_(hub),
      context_(std::move(context)),
      borrow_(borrow),
      framing_(std::move(framing)),
      number_(hub->AddGroup(this)) {}

LeanGroup* LeanGroup::Of(const Stream* stream) {
  StreamConsumer* const consumer = stream->consumer();
  return consumer == nullptr ? nullptr : consumer->AsLeanGroup();
}

void LeanGroup::Add(Stream* stream) {
  stream->SetConsumer(this);
  // The buffer belonged to its socket.
  stream->ForgetUserBuffer();
  Retain();
  if (framing_ != nullptr) framers_[stream] = std::make_shared<Framer>(*framing_);
}

void LeanGroup::Remove(Stream* stream) {
  stream->SetConsumer(nullptr);
  framers_.erase(stream);
  Release();
}

void LeanGroup::OnConnection(Stream* stream) {
  Add(stream);
  hub_->Push(this, stream->id(), LeanEvent::kAccepted);
  const int status = paused_ ? 0 : stream->ReadStart();
  if (status != 0) hub_->Push(this, stream->id(), LeanEvent::kReadError, 0, status);
}

void LeanGroup::OnListenerClosed() {
  hub_->Push(this, -1, LeanEvent::kStopped);
  Release();
}

Framer* LeanGroup::framer(const Stream* stream) const {
  const auto found = framers_.find(stream);
  return found == framers_.end() ? nullptr : found->second.get();
}

std::vector<uint8_t> LeanGroup::Uncut(const Stream* stream) const {
  std::vector<uint8_t> bytes;
  const Framer* const mine = framer(stream);
  if (mine == nullptr) return bytes;
  const auto add = [&](const uint8_t* from, size_t size) {
    bytes.insert(bytes.end(), from, from + size);
  };
  const size_t header = mine->header_bytes();
  if (cutting_.framer == mine) {
    const Framer::Result& found = cutting_.found;
    if (found.has_assembled) {
      add(found.assembled - header, header + found.assembled_length);
      const std::string& delimiter = mine->options().delimiter;
      add(reinterpret_cast<const uint8_t*>(delimiter.data()), delimiter.size());
    }
    if (cutting_.next < found.range_count) {
      // The rest of the chunk, which contains the start of the unfinished message.
      const size_t at = found.ranges[cutting_.next].offset - header;
      add(cutting_.chunk + at, cutting_.size - at);
      return bytes;
    }
  }
  add(mine->unfinished().data(), mine->pending());
  return bytes;
}

void LeanGroup::NoteOpen(Stream* stream) { hub_->Push(this, stream->id(), LeanEvent::kOpen); }

uv_buf_t LeanGroup::Allocate(Stream* stream) {
  Environment* const environment = hub_->environment();
  // Bulk bytes that the program may keep are read directly into their own memory and delivered at
  // once. This is only possible if no other event waits, because its handler could remove the
  // stream first.
  if (stream->reads_bulk() && hub_->empty() && !borrow_ && framing_ == nullptr &&
      !environment->stopping()) {
    HandleScope scope(environment->env());
    const uv_buf_t bulk = ReceiveBuffer::Of(environment).Bulk(environment->env());
    if (bulk.base != nullptr) return bulk;
  }
  return hub_->Room();
}

void LeanGroup::OnRead(Stream* stream, ssize_t nread, const uv_buf_t& buffer) {
  // Handlers that run meanwhile may cause the end of this group.
  LeanHub* const hub = hub_;
  const int id = stream->id();
  if (nread > 0) {
    const auto size = static_cast<size_t>(nread);
    const char* data = buffer.base;
    if (!hub->Holds(data)) {
      if (size >= ReceiveBuffer::kBulkRead) {
        hub->DeliverBulk(this, id, size);
        return;
      }
      // A few bytes must not keep a whole buffer alive. It is reused for the next read.
      data = static_cast<char*>(std::memcpy(hub->Room().base, data, size));
    }
    const size_t at = hub->OffsetOf(data);
    hub->Use(at + size);
    if (framing_ == nullptr) {
      hub->Push(this, id, LeanEvent::kData, at, static_cast<int>(size));
    } else {
      Cut(stream, at, size);
    }
  } else if (nread != UV_EOF) {
    hub->Push(this, id, LeanEvent::kReadError, 0, static_cast<int>(nread));
  } else {
    if (framing_ != nullptr && framers_[stream]->pending() > 0) {
      hub->Push(this, id, LeanEvent::kFrameError, 0, LeanEvent::kCutOff);
    }
    hub->Push(this, id, LeanEvent::kEnd);
  }
  // This comes last, because a handler may close the stream or remove it from the group.
  hub->DeliverIfFull();
}

// Records the messages that end in a chunk. If there are many messages or a large one, handlers run
// meanwhile. They may remove the stream from the group; undelivered messages then go with it.
void LeanGroup::Cut(Stream* stream, size_t at, size_t size) {
  const std::shared_ptr<Framer> framer = framers_[stream];
  const int id = stream->id();
  const auto* const chunk = reinterpret_cast<const uint8_t*>(hub_->At(at));
  const Framer::Result result = framer->Push(chunk, size);
  Retain();
  cutting_ = {framer.get(), chunk, size, result, 0};
  // A stream that was removed may be back since, with another framer.
  const auto ours = [&] {
    return stream->alive() && stream->consumer() == this && this->framer(stream) == framer.get();
  };
  if (result.has_assembled) {
    const auto* const data = reinterpret_cast<const char*>(result.assembled);
    const size_t length = result.assembled_length;
    char* const place = hub_->Reserve(length);
    if (place == nullptr) hub_->Deliver(hub_->used());
    cutting_.found.has_assembled = false;
    if (place != nullptr) {
      std::copy(data, data + length, place);
      hub_->Push(this, id, LeanEvent::kData, hub_->OffsetOf(place), static_cast<int>(length));
    } else if (ours()) {
      hub_->DeliverApart(this, id, data, length);
    }
  }
  for (size_t i = 0; i < result.range_count && ours(); ++i) {
    const Framer::Range& range = result.ranges[i];
    if (hub_->full()) hub_->Deliver(hub_->used());
    if (!ours()) break;
    hub_->Push(this, id, LeanEvent::kData, at + range.offset, static_cast<int>(range.length));
    cutting_.next = i + 1;
  }
  cutting_ = Cutting();
  if (result.status != Framer::Status::kOk && ours()) {
    stream->ReadStop();
    const bool long_one = result.status == Framer::Status::kTooLong;
    hub_->Push(this, id, LeanEvent::kFrameError, 0,
               long_one ? LeanEvent::kTooLong : LeanEvent::kBadLength);
  }
  Release();
}

void LeanGroup::OnWritten(Stream* stream, int status) {
  if (!stream->alive()) return;
  if (status < 0) {
    hub_->Push(this, stream->id(), LeanEvent::kWriteError, 0, status);
  } else if (stream->write_queue_size() == 0) {
    hub_->Push(this, stream->id(), LeanEvent::kDrain);
  }
}

void LeanGroup::OnShutdown(Stream* stream, int status) {
  if (stream->alive()) hub_->Push(this, stream->id(), LeanEvent::kShutdown, 0, status);
}

void LeanGroup::OnClosed(Stream* stream) {
  framers_.erase(stream);
  Release();
}

}  // namespace uvnet
