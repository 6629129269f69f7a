#include "connect/connector.h"

#include <memory>
#include <utility>

#ifndef _WIN32
#include <netinet/in.h>
#endif

#include "address/address_arguments.h"
#include "env/js_call.h"
#include "env/modules.h"
#include "env/request.h"
#include "options/initial_options.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

namespace {

sockaddr* Generic(sockaddr_storage* address) { return reinterpret_cast<sockaddr*>(address); }
const sockaddr* Generic(const sockaddr_storage* address) {
  return reinterpret_cast<const sockaddr*>(address);
}

int PortOf(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace

class Connector::Request : public uvnet::Request<uv_connect_t> {
 public:
  Request(Connector* connector, uint32_t candidate)
      : connector_(connector), candidate_(candidate) {}

  static void OnDone(uv_connect_t* uv, int status) {
    auto request = Finish<Request>(uv);
    Connector* connector = request->connector_;
    // Keeps the connector alive: settling may release all its other users.
    Keep keep(connector);
    // Releases the use of the request. `keep` still has one, so this is never the last.
    connector->Release();  // NOLINT(clang-analyzer-cplusplus.NewDelete)
    connector->race_.Settle(request->candidate_, status);
  }

 private:
  Connector* const connector_;
  const uint32_t candidate_;
};

Connector::Connector(Stream* front, const ConnectRace::Options& options)
    : environment_(front->environment()),
      race_(this, options),
      front_(front),
      ref_(front->HasRef()) {}

int Connector::Create(Stream* front, const ConnectRace::Options& options) {
  if (front->is_connecting()) return UV_EALREADY;
  front->SetAttachment(Role::kConnector, new Connector(front, options));
  return 0;
}

void Connector::Add(const sockaddr_storage& remote) {
  race_.Add(remote.ss_family);
  attempts_.push_back({remote, nullptr});
}

void Connector::BindTo(const sockaddr_storage& local) {
  (local.ss_family == AF_INET6 ? local6_ : local4_) = local;
}

void Connector::Run(bool complete) {
  Keep keep(this);
  if (complete) race_.NoMoreCandidates();
  if (race_.started()) {
    race_.Advance();
  } else {
    race_.Start();
  }
}

void Connector::Cancel() {
  Keep keep(this);
  race_.Cancel();
}

void Connector::StreamClosing() {
  Keep keep(this);
  // The front is already closing.
  for (Attempt& attempt : attempts_) {
    if (attempt.stream == front_) attempt.stream = nullptr;
  }
  front_ = nullptr;
  race_.Cancel();
}

void Connector::SetRef(bool ref) {
  ref_ = ref;
  for (const Attempt& attempt : attempts_) {
    if (attempt.stream == nullptr) continue;
    if (ref) {
      attempt.stream->Ref();
    } else {
      attempt.stream->Unref();
    }
  }
  if (!timer_open_) return;
  auto* timer = reinterpret_cast<uv_handle_t*>(&timer_);
  if (ref) {
    uv_ref(timer);
  } else {
    uv_unref(timer);
  }
}

// The clock and the timer --------------------------------------------------------

uint64_t Connector::Now() {
  // The loop's clock does not advance during a callback. If an attempt starts late in a long
  // callback, its delay would be too short.
  uv_update_time(environment_->loop());
  return uv_now(environment_->loop());
}

void Connector::StartTimer(uint64_t ms) {
  if (!timer_open_) {
    // uv_timer_init and uv_timer_start cannot fail for a handle that is not closing.
    uv_timer_init(environment_->loop(), &timer_);
    timer_.data = this;
    timer_open_ = true;
    users_++;
    environment_->HandleOpened();
    if (!ref_) uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  }
  uv_timer_start(&timer_, OnTimer, ms, 0);
}

void Connector::StopTimer() {
  if (timer_open_) uv_timer_stop(&timer_);
}

void Connector::OnTimer(uv_timer_t* timer) {
  auto* self = static_cast<Connector*>(timer->data);
  Keep keep(self);
  self->race_.OnTimer();
}

void Connector::OnTimerClosed(uv_handle_t* timer) {
  auto* self = static_cast<Connector*>(timer->data);
  Environment* environment = self->environment_;
  self->Release();
  environment->HandleClosed();
}

// Attempts -----------------------------------------------------------------------

int Connector::OpenAttempt(uint32_t candidate) {
  failed_local_.ss_family = AF_UNSPEC;
  int status = 0;
  Stream* stream = front_;
  if (!front_is_free_) {
    stream = Stream::New(environment_, Handle::Kind::kTcp, &status);
    if (stream == nullptr) {
      failure_flags_ = kAtOnce;
      return status;
    }
    if (!ref_) stream->Unref();
    SetInitialOptions(stream, InitialOptionsOf(front_));
  }
  front_is_free_ = false;

  const int family = attempts_[candidate].remote.ss_family;
  status = PrepareSocket(stream, family);
  if (status == 0) status = Bind(stream, family);
  if (status == 0) status = ApplyInitialOptions(stream, OptionStage::kBound);
  const bool bound = status == 0;
  if (bound) status = Connect(stream, candidate);
  if (status != 0) {
    failure_flags_ = bound ? kAtOnce : kAtOnce | kInBind;
    int size = sizeof failed_local_;
    if (uv_tcp_getsockname(stream->uv_tcp(), Generic(&failed_local_), &size) != 0) {
      failed_local_.ss_family = AF_UNSPEC;
    }
    SetRefusedOption(front_, RefusedOption(stream));
    Discard(stream);
    return status;
  }
  attempts_[candidate].stream = stream;
  return 0;
}

int Connector::Bind(Stream* stream, int family) {
  const sockaddr_storage& local = family == AF_INET6 ? local6_ : local4_;
  const sockaddr_storage& other = family == AF_INET6 ? local4_ : local6_;
  if (local.ss_family == AF_UNSPEC) {
    // A local address of the other family cannot reach this address.
    return other.ss_family == AF_UNSPEC ? 0 : UV_EINVAL;
  }
  int status = uv_tcp_bind(stream->uv_tcp(), Generic(&local), 0);
  const int port = PortOf(local);
  if (status != 0 || port == 0) return status;
  // libuv reports "address in use" only when the name is requested. A connect would use a random
  // port.
  sockaddr_storage bound{};
  int size = sizeof bound;
  status = uv_tcp_getsockname(stream->uv_tcp(), Generic(&bound), &size);
  if (status != 0) return status;
  return PortOf(bound) == port ? 0 : UV_EADDRINUSE;
}

int Connector::Connect(Stream* stream, uint32_t candidate) {
  const sockaddr_storage& remote = attempts_[candidate].remote;
  const int status = Request::Start(
      std::unique_ptr<Request>(new Request(this, candidate)), [&](uv_connect_t* request) {
        return uv_tcp_connect(request, stream->uv_tcp(), Generic(&remote), Request::OnDone);
      });
  if (status == 0) users_++;
  return status;
}

void Connector::CloseAttempt(uint32_t candidate) {
  Stream* stream = attempts_[candidate].stream;
  attempts_[candidate].stream = nullptr;
  if (stream != nullptr) Discard(stream);
}

void Connector::Discard(Stream* stream) {
  if (stream == front_) {
    int status;
    Stream* shell = Stream::New(environment_, Handle::Kind::kTcp, &status);
    // Without memory for a new stream, the old one stays open until the socket is closed.
    if (shell == nullptr) return;
    shell->TakePlaceOf(front_);
    front_ = shell;
    front_is_free_ = true;
  }
  stream->Close();
}

void Connector::OnEvent(const ConnectRace::Event& event) {
  Stream* front = front_;
  switch (event.type) {
    case ConnectRace::EventType::kWon: {
      Stream* winner = attempts_[event.candidate].stream;
      attempts_[event.candidate].stream = nullptr;
      if (winner != front) {
        winner->TakePlaceOf(front);
        front->Close();
        front = front_ = winner;
      }
      front->Touch();
      RaceOver();
      break;
    }
    case ConnectRace::EventType::kAllFailed:
    case ConnectRace::EventType::kTimedOut: RaceOver(); break;
    case ConnectRace::EventType::kCancelled: RaceOver(); return;
    default: break;
  }
  const int candidate =
      event.candidate == ConnectRace::kNoCandidate ? -1 : static_cast<int>(event.candidate);
  const int flags = std::exchange(failure_flags_, 0);
  JsCall call(front);
  if (!call.possible()) return;
  call.Int(front->id())
      .Int(static_cast<int>(event.type) | flags)
      .Int(candidate)
      .Int(event.status)
      .Run(Callback::kRace);
}

void Connector::RaceOver() {
  if (front_ != nullptr) front_->SetAttachment(Role::kConnector, nullptr);
  if (timer_open_) uv_close(reinterpret_cast<uv_handle_t*>(&timer_), OnTimerClosed);
  timer_open_ = false;
  // Releases the use of the race. The caller has a Keep.
  Release();
}

void Connector::Release() {
  if (--users_ == 0) delete this;
}

// Methods ------------------------------------------------------------------------

namespace {

ConnectRace::Options OptionsFromArguments(const Arguments& arguments) {
  ConnectRace::Options options;
  options.attempt_delay_ms = static_cast<uint64_t>(arguments.Int(1));
  const int timeout = arguments.Int(2);
  if (timeout >= 0) options.connect_timeout_ms = static_cast<uint64_t>(timeout);
  options.max_concurrent = static_cast<uint32_t>(arguments.Int(3));
  options.first_family_count = static_cast<uint32_t>(arguments.Int(4));
  return options;
}

// (id, attempt delay in ms, connect timeout in ms or -1, number of concurrent attempts, first
// address family count)
napi_value RaceCreate(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.tcp();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(Connector::Create(stream, OptionsFromArguments(arguments)));
}

// The methods below return UV_ECANCELED when the race is over.
Connector* ConnectorFromArguments(const StreamArguments& arguments) {
  Stream* stream = arguments.tcp();
  return stream == nullptr ? nullptr : Connector::Of(stream);
}

// (id, address, port, family)
template <typename Value, void (Connector::*Method)(Value)>
napi_value WithEndpoint(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Connector* connector = ConnectorFromArguments(arguments);
  if (connector == nullptr) return arguments.Return(UV_ECANCELED);
  sockaddr_storage endpoint{};
  const int status = AddressFromArguments(arguments, 1, &endpoint);
  if (status == 0) (connector->*Method)(endpoint);
  return arguments.Return(status);
}

// (id, complete)
napi_value RaceRun(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Connector* connector = ConnectorFromArguments(arguments);
  if (connector == nullptr) return arguments.Return(UV_ECANCELED);
  connector->Run(arguments.Bool(1));
  return arguments.Return(0);
}

// (id)
napi_value RaceCancel(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Connector* connector = ConnectorFromArguments(arguments);
  if (connector == nullptr) return arguments.Return(UV_ECANCELED);
  connector->Cancel();
  return arguments.Return(0);
}

// (id): the address, with port and family in the state
napi_value RaceFailedLocal(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Connector* connector = ConnectorFromArguments(arguments);
  if (connector == nullptr) return arguments.Return(UV_ECANCELED);
  return ReturnAddress(arguments, connector->failed_local());
}

}  // namespace

void InitConnector(Napi::Env env, Napi::Object exports) {
  using Endpoint = const sockaddr_storage&;
  Define(env, exports, "raceCreate", RaceCreate);
  Define(env, exports, "raceBindTo", WithEndpoint<Endpoint, &Connector::BindTo>);
  Define(env, exports, "raceAdd", WithEndpoint<Endpoint, &Connector::Add>);
  Define(env, exports, "raceRun", RaceRun);
  Define(env, exports, "raceCancel", RaceCancel);
  Define(env, exports, "raceFailedLocal", RaceFailedLocal);
}

}  // namespace uvnet
