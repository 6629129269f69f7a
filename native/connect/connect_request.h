#ifndef UVNET_CONNECT_REQUEST_H_
#define UVNET_CONNECT_REQUEST_H_

#include <uv.h>

#include <memory>
#include <utility>

#include "env/request.h"
#include "stream/stream.h"

namespace uvnet {

// A connect to a single address, TCP or pipe. The stream gets the result.
class ConnectRequest : public Request<uv_connect_t> {
 public:
  // `call` passes the request to libuv. A stream has only one connect at a time: for a second one
  // on a pipe, libuv would lose the callback of the first, and its loop would never end.
  template <typename Call>
  static int Begin(Stream* stream, Call&& call) {
    if (stream->is_connecting()) return UV_EALREADY;
    const int status =
        Start(std::unique_ptr<ConnectRequest>(new ConnectRequest), std::forward<Call>(call));
    if (status == 0) stream->SetConnecting();
    return status;
  }

  static void OnDone(uv_connect_t* request, int status) {
    auto* stream = static_cast<Stream*>(request->handle->data);
    auto finished = Finish<ConnectRequest>(request);
    stream->Connected(status);
  }
};

}  // namespace uvnet

#endif  // UVNET_CONNECT_REQUEST_H_
