#include "relay/relay.h"

#include <algorithm>
#include <utility>

#include "env/js_call.h"
#include "env/modules.h"
#include "memory/receive_buffer.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

// After a splice of fewer bytes, the relay copies. After a read that fills the area, it splices.
constexpr size_t kLeastBulk = 16 * 1024;

// How many bytes are copied out of a pipe to find out when the destination accepts bytes again:
// libuv reports this only for its own writes. It is more than a byte to avoid tiny packets.
constexpr size_t kProbeSize = 4 * 1024;

// Some systems and some kinds of descriptor do not support splicing between sockets and pipes.
bool CannotSplice(int status) { return status == UV_EINVAL || status == UV_ENOSYS; }

// Flags of Callback::kRelay.
constexpr int kReadingFailed = 1;
constexpr int kOtherSideEnded = 2;

}  // namespace

Relay::Relay(Environment* environment, Stream* a, Stream* b) : environment_(environment) {
  flows_[kA].from = flows_[kB].to = a;
  flows_[kB].from = flows_[kA].to = b;
  a->SetConsumer(this);
  b->SetConsumer(this);
}

Relay::~Relay() {
  HandleScope scope(environment_->env());
  for (Flow& flow : flows_) {
    flow.from->SetConsumer(nullptr);
    flow.from->ReadStop();
    GivePipe(flow);
  }
  if (counts_ != nullptr) napi_delete_reference(environment_->env(), counts_);
}

int Relay::Start(Stream* a, Stream* b, napi_value counts) {
  if (a == b || a->consumer() != nullptr || b->consumer() != nullptr) return UV_EBUSY;
  Environment* environment = a->environment();
  auto* const moved = Numbers<double>(environment->env(), counts, 2);
  napi_ref reference;
  if (moved == nullptr ||
      napi_create_reference(environment->env(), counts, 1, &reference) != napi_ok) {
    return UV_EINVAL;
  }
  // Owned by the two streams.
  auto* self = new Relay(environment, a, b);
  self->counts_ = reference;
  self->flows_[kA].moved = moved + kA;
  self->flows_[kB].moved = moved + kB;
  return 0;
}

// Events of the streams -------------------------------------------------------

uv_buf_t Relay::Allocate(Stream* stream) {
  Flow& flow = FlowFrom(stream);
  if (flow.state != Flow::State::kReading) return uv_buf_init(nullptr, 0);
  if (flow.bulk && flow.to->write_queue_size() == 0) {
    flow.pipe = SplicePipePool::Of(environment_).Take();
    // Without memory, libuv does not read, and reports this when bytes have arrived.
    if (flow.pipe != nullptr) return uv_buf_init(nullptr, 0);
  }
  return ReceiveBuffer::Of(environment_).Area();
}

void Relay::OnRead(Stream* stream, ssize_t nread, const uv_buf_t& buffer) {
  Flow& flow = FlowFrom(stream);
  if (flow.state != Flow::State::kReading) {
    // Other code has made it read.
    stream->ReadStop();
  } else if (nread > 0) {
    Copy(flow, buffer.base, static_cast<size_t>(nread));
  } else if (nread == UV_ENOBUFS && flow.pipe != nullptr) {
    Splice(flow);
  } else if (nread == UV_EOF) {
    EndOf(flow);
  } else {
    ReadFailed(flow, static_cast<int>(nread));
  }
}

void Relay::OnWritten(Stream* stream, int status) {
  Flow& flow = FlowTo(stream);
  if (flow.state != Flow::State::kSending) {
    // JavaScript waits for the result of its own write.
    JsCall(stream).Int(stream->id()).Int(status).Run(Callback::kWrite);
  } else if (status < 0) {
    WriteFailed(flow, status);
  } else {
    *flow.moved += static_cast<double>(std::exchange(flow.queued, 0));
    if (flow.pipe != nullptr) {
      DrainPipe(flow);
    } else {
      ReadOn(flow);
    }
  }
}

void Relay::OnShutdown(Stream* stream, int status) {
  Flow& flow = FlowTo(stream);
  if (flow.state != Flow::State::kEnding) {
    JsCall(stream).Int(stream->id()).Int(status).Run(Callback::kShutdown);
  } else {
    Ended(flow, status);
  }
}

// When a stream is closed, JavaScript already knows the reason.
void Relay::OnClosing(Stream*) { delete this; }

// Moving bytes ----------------------------------------------------------------

int Relay::Send(Flow& flow, const char* data, size_t size) {
  const int result = flow.to->Write(data, size, nullptr, false);
  if (result < 0) return result;
  if (result == kWriteQueued) {
    flow.queued = std::min(size, flow.to->write_queue_size());
    flow.state = Flow::State::kSending;
    flow.from->ReadStop();
  }
  *flow.moved += static_cast<double>(size - flow.queued);
  return 0;
}

void Relay::Copy(Flow& flow, const char* data, size_t size) {
  flow.bulk = size == ReceiveBuffer::kAreaSize && !flow.copies;
  const int status = Send(flow, data, size);
  if (status < 0) WriteFailed(flow, status);
}

void Relay::Splice(Flow& flow) {
  const int moved = flow.pipe->FillFrom(flow.from->fd());
  if (moved > 0) {
    const auto size = static_cast<size_t>(moved);
    flow.from->CountRead(size);
    flow.from->Touch();
    flow.bulk = size >= kLeastBulk;
    DrainPipe(flow);
    return;
  }
  GivePipe(flow);
  if (moved == 0) {
    EndOf(flow);
  } else if (CannotSplice(moved)) {
    flow.copies = true;
    flow.bulk = false;
  } else if (moved != UV_EAGAIN) {
    ReadFailed(flow, moved);
  }
}

void Relay::DrainPipe(Flow& flow) {
  int status = 0;
  while (flow.pipe->used() > 0) {
    const int moved = flow.pipe->DrainTo(flow.to->fd());
    if (moved > 0) {
      flow.to->CountWritten(static_cast<size_t>(moved));
      flow.to->Touch();
      *flow.moved += moved;
      continue;
    }
    if (CannotSplice(moved)) {
      flow.copies = true;
      flow.bulk = false;
    } else if (moved < 0 && moved != UV_EAGAIN) {
      WriteFailed(flow, moved);
      return;
    }
    char probe[kProbeSize];
    const int copied = flow.pipe->Read(probe, std::min(flow.pipe->used(), sizeof probe));
    status = copied < 0 ? copied : Send(flow, probe, static_cast<size_t>(copied));
    if (status < 0) {
      WriteFailed(flow, status);
      return;
    }
    if (flow.queued > 0) return;
  }
  GivePipe(flow);
  ReadOn(flow);
}

void Relay::ReadOn(Flow& flow) {
  if (flow.state != Flow::State::kSending) return;
  flow.state = Flow::State::kReading;
  const int status = flow.from->ReadStart();
  if (status != 0) ReadFailed(flow, status);
}

void Relay::GivePipe(Flow& flow) {
  if (flow.pipe != nullptr) SplicePipePool::Of(environment_).Give(std::move(flow.pipe));
}

// Ends ------------------------------------------------------------------------

bool Relay::IsBroken(const Stream* stream) const {
  return failure_.status != 0 && failure_.status != UV_EPIPE && failure_.side == SideOf(stream);
}

void Relay::EndOf(Flow& flow) {
  if (IsBroken(flow.from)) {
    Finish();
    return;
  }
  flow.from->ReadStop();
  flow.state = Flow::State::kEnding;
  const int status = flow.to->Shutdown();
  if (status != 0) Ended(flow, status);
}

void Relay::Ended(Flow& flow, int status) {
  // ENOTCONN: the stream was shut down before, or is gone, which a read will report.
  if (status < 0 && status != UV_ENOTCONN) {
    WriteFailed(flow, status);
  } else {
    Over(flow);
  }
}

void Relay::ReadFailed(Flow& flow, int status) {
  const Side side = SideOf(flow.from);
  // Keeps an earlier error of writing to the same side.
  if (failure_.status == 0 || failure_.side == side) failure_ = {status, side, true};
  Finish();
}

void Relay::WriteFailed(Flow& flow, int status) {
  if (failure_.status == 0) failure_ = {status, SideOf(flow.to), false};
  flow.from->ReadStop();
  flow.pipe.reset();
  Over(flow);
}

void Relay::Over(Flow& flow) {
  flow.state = Flow::State::kOver;
  if (flows_[kA].state == Flow::State::kOver && flows_[kB].state == Flow::State::kOver) Finish();
}

void Relay::Finish() {
  Stream* a = flows_[kA].from;
  const Failure failure = failure_;
  int flags = failure.reading ? kReadingFailed : 0;
  if (flows_[failure.side].state >= Flow::State::kEnding) flags |= kOtherSideEnded;
  delete this;
  JsCall(a).Int(a->id()).Int(failure.status).Int(failure.side).Int(flags).Run(Callback::kRelay);
}

// Methods ---------------------------------------------------------------------

namespace {

// (a, b, counts: Float64Array)
napi_value RelayStart(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* a = arguments.stream(0);
  Stream* b = arguments.stream(1);
  if (a == nullptr || b == nullptr) return arguments.Return(UV_EBADF);
  if (!arguments.has(2)) return arguments.Return(UV_EINVAL);
  return arguments.Return(Relay::Start(a, b, arguments.at(2)));
}

}  // namespace

void InitRelay(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "relayStart", RelayStart);
}

}  // namespace uvnet
