#include "transfer/handover.h"

#ifndef _WIN32
#include <unistd.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#endif

#include "env/descriptor.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

// On Windows a socket is tied to the completion port of the loop that opened it
// first, for as long as it lives: no other loop and no other handle can take it
// over. There every method here answers UV_ENOTSUP.

namespace uvnet {

namespace {

#ifndef _WIN32

// What one environment offers and another may take: a descriptor, and the name
// that libuv is to unlink when the pipe bound to it is closed.
struct Offer {
  int fd = -1;
  // Allocated by libuv, which alone can free it: it goes on to the pipe that
  // takes the descriptor. Null for all but bound pipes.
  const char* name = nullptr;
  // Never dereferenced: tells whose offers end when an environment ends.
  const Environment* owner = nullptr;
};

void Discard(const Offer& offer) {
  close(offer.fd);
  if (offer.name != nullptr) unlink(offer.name);
}

// The offers of all environments of the process. This is the one piece of state
// of uvnet that belongs to no environment, because two of them have to meet
// somewhere; everything in it is guarded by one mutex, nothing in it refers to
// JavaScript or to a loop.
//
// An offer ends in one of three ways: it is taken, it is withdrawn (its time is
// up), or the environment that made it ends. So a descriptor cannot outlive all
// who know of it. Keys come from the system's random source: who was not given
// one cannot take what another thread offers.
class Offers {
 public:
  static Offers& Shared() {
    static Offers offers;
    return offers;
  }

  int Add(const Offer& offer, std::string* key) {
    uint8_t random[16];
    const int status = uv_random(nullptr, nullptr, random, sizeof random, 0, nullptr);
    if (status != 0) return status;
    static const char digits[] = "0123456789abcdef";
    key->clear();
    for (const uint8_t byte : random) {
      *key += digits[byte >> 4];
      *key += digits[byte & 15];
    }
    std::lock_guard<std::mutex> lock(mutex_);
    offers_[*key] = offer;
    return 0;
  }

  // False where there is no such offer (any more).
  bool Take(const std::string& key, Offer* offer) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = offers_.find(key);
    if (found == offers_.end()) return false;
    *offer = found->second;
    offers_.erase(found);
    return true;
  }

  void End(const Environment* owner) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto at = offers_.begin(); at != offers_.end();) {
      if (at->second.owner == owner) {
        Discard(at->second);
        at = offers_.erase(at);
      } else {
        ++at;
      }
    }
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Offer> offers_;
};

// Ends with its environment what that one has offered and nobody took.
class OwnOffers final : public EnvironmentPart {
 public:
  explicit OwnOffers(Environment* environment) : environment_(environment) {}
  void Close() override { Offers::Shared().End(environment_); }

 private:
  Environment* environment_;
};

int Open(Stream* stream, int fd) {
  return stream->kind() == Handle::Kind::kTcp ? uv_tcp_open(stream->uv_tcp(), fd)
                                              : uv_pipe_open(stream->uv_pipe(), fd);
}

// (id): the key under which the descriptor of the handle is offered, or a
// status. The handle keeps its own descriptor and is to be closed now; the name
// of a bound pipe goes with the offer, so that this does not unlink it.
napi_value MakeOffer(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  Offer offer;
  offer.owner = arguments.environment();
  arguments.environment()->Use<OwnOffers>(Part::kOffers);
  offer.fd = DuplicateDescriptor(stream->fd());
  if (offer.fd < 0) return arguments.Return(offer.fd);
  std::string key;
  if (stream->kind() == Handle::Kind::kPipe) offer.name = stream->uv_pipe()->pipe_fname;
  const int status = Offers::Shared().Add(offer, &key);
  if (status != 0) {
    close(offer.fd);
    return arguments.Return(status);
  }
  if (stream->kind() == Handle::Kind::kPipe) stream->uv_pipe()->pipe_fname = nullptr;
  napi_value result;
  return napi_create_string_latin1(env, key.data(), key.size(), &result) == napi_ok ? result
                                                                                    : nullptr;
}

// (id, key): opens a fresh handle on what was offered. UV_ENOENT where there is
// no such offer, because it was taken, withdrawn or its maker has ended.
napi_value TakeOffer(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  Offer offer;
  if (!Offers::Shared().Take(arguments.String(1), &offer)) return arguments.Return(UV_ENOENT);
  const int status = Open(stream, offer.fd);
  if (status != 0) {
    Discard(offer);
  } else if (offer.name != nullptr && stream->kind() == Handle::Kind::kPipe) {
    stream->uv_pipe()->pipe_fname = offer.name;
  }
  return arguments.Return(status);
}

// (key): closes what nobody took. UV_ENOENT where somebody did.
napi_value WithdrawOffer(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Offer offer;
  if (!Offers::Shared().Take(arguments.String(0), &offer)) return arguments.Return(UV_ENOENT);
  Discard(offer);
  return arguments.Return(0);
}

#else

napi_value NotSupported(napi_env env, napi_callback_info info) {
  return Arguments(env, info).Return(UV_ENOTSUP);
}

#endif

}  // namespace

void InitHandover(Napi::Env env, Napi::Object exports) {
#ifndef _WIN32
  Define(env, exports, "makeOffer", MakeOffer);
  Define(env, exports, "takeOffer", TakeOffer);
  Define(env, exports, "withdrawOffer", WithdrawOffer);
#else
  for (const char* name : {"makeOffer", "takeOffer", "withdrawOffer"}) {
    Define(env, exports, name, NotSupported);
  }
#endif
}

}  // namespace uvnet
