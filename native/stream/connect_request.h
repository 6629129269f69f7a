#ifndef UVNET_CONNECT_REQUEST_H_
#define UVNET_CONNECT_REQUEST_H_

#include <uv.h>

#include "env/request.h"
#include "stream/stream.h"

namespace uvnet {

// A connect of the one address there is, TCP or pipe; its outcome is the stream's.
class ConnectRequest : public Request<uv_connect_t> {
 public:
  static void OnDone(uv_connect_t* request, int status) {
    auto* stream = static_cast<Stream*>(request->handle->data);
    auto finished = Finish<ConnectRequest>(request);
    stream->Connected(status);
  }
};

}  // namespace uvnet

#endif  // UVNET_CONNECT_REQUEST_H_
