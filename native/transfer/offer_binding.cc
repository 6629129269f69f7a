#ifndef _WIN32
#include <unistd.h>

#include <string>
#endif

#include "descriptor/descriptor.h"
#include "env/modules.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"
#include "transfer/offers.h"

// On Windows, a socket is bound to the completion port of the loop that opened it first. It cannot
// be transferred to another loop or handle, so every method here returns UV_ENOTSUP.

namespace uvnet {

namespace {

#ifndef _WIN32

// Withdraws the remaining offers of an environment when it ends.
class OwnOffers final : public EnvironmentPart {
 public:
  explicit OwnOffers(Environment* environment) : environment_(environment) {}
  void Close() override { Offers::Shared().End(environment_); }

 private:
  Environment* environment_;
};

// (id): the key under which the descriptor of the handle is offered, or a status. The handle keeps
// its own descriptor, and must be closed afterwards. The name of a bound pipe goes with the offer,
// so that closing does not unlink it.
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

// (id, key): opens a new handle on an offered descriptor. UV_ENOENT if there is no such offer,
// because it was taken or withdrawn, or its thread has ended.
napi_value TakeOffer(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  Offer offer;
  if (!Offers::Shared().Take(arguments.String(1), &offer)) return arguments.Return(UV_ENOENT);
  const int status = stream->Open(offer.fd);
  if (status != 0) {
    Offers::Discard(offer);
  } else if (offer.name != nullptr && stream->kind() == Handle::Kind::kPipe) {
    stream->uv_pipe()->pipe_fname = offer.name;
  }
  return arguments.Return(status);
}

// (key): closes an offered descriptor. UV_ENOENT if it was already taken.
napi_value WithdrawOffer(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Offer offer;
  if (!Offers::Shared().Take(arguments.String(0), &offer)) return arguments.Return(UV_ENOENT);
  Offers::Discard(offer);
  return arguments.Return(0);
}

#else

napi_value NotSupported(napi_env env, napi_callback_info info) {
  return Arguments(env, info).Return(UV_ENOTSUP);
}

#endif

}  // namespace

void InitOffers(Napi::Env env, Napi::Object exports) {
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
