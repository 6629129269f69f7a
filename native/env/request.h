#ifndef UVNET_REQUEST_H_
#define UVNET_REQUEST_H_

#include <memory>

namespace uvnet {

// A uv request that owns itself while libuv holds it. `Start` makes the libuv call and gives up
// ownership only if libuv has accepted the request. The callback takes ownership back with
// `Finish`, so the request is released however the callback ends.
template <typename UvRequest>
class Request {
 public:
  UvRequest* uv() { return &uv_; }

  template <typename T, typename Call>
  static int Start(std::unique_ptr<T> request, Call&& call) {
    request->uv_.data = static_cast<T*>(request.get());
    const int status = call(request->uv());
    if (status == 0) (void)request.release();
    return status;
  }

  template <typename T>
  static std::unique_ptr<T> Finish(UvRequest* uv) {
    return std::unique_ptr<T>(static_cast<T*>(uv->data));
  }

 private:
  UvRequest uv_;
};

}  // namespace uvnet

#endif  // UVNET_REQUEST_H_
