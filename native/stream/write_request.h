#ifndef UVNET_WRITE_REQUEST_H_
#define UVNET_WRITE_REQUEST_H_

#include <napi.h>
#include <uv.h>

#include <memory>
#include <utility>
#include <vector>

#include "env/handle.h"
#include "env/request.h"
#include "memory/gather.h"
#include "stream/stream.h"

namespace uvnet {

// A write the kernel did not take whole: keeps the rest of the bytes alive.
class WriteRequest : public Request<uv_write_t> {
 public:
  // `list` has the writes of the stream, and lives as long.
  WriteRequest(Stream* stream, WriteList* list, bool notify)
      : previous_(list->last),
        stream_(stream),
        list_(list),
        consumer_(stream->consumer()),
        notify_(notify) {
    (previous_ == nullptr ? list->first : previous_->next_) = this;
    list->last = this;
    // Most writes are done at once and never come here.
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

  int Pin(napi_value object) {
    napi_env env = stream_->environment()->env();
    return napi_create_reference(env, object, 1, &pin_) == napi_ok ? 0 : UV_ENOMEM;
  }
  void Own(std::unique_ptr<char[]> bytes) { owned_ = std::move(bytes); }
  void Own(std::unique_ptr<GatherBlock> block) { block_ = std::move(block); }
  void Keep(const uv_buf_t* buffers, size_t count) { buffers_.assign(buffers, buffers + count); }

  const std::vector<uv_buf_t>& buffers() const { return buffers_; }
  const WriteRequest* next() const { return next_; }

  static void OnDone(uv_write_t* request, int status);

 private:
  WriteRequest* previous_;
  WriteRequest* next_ = nullptr;
  std::vector<uv_buf_t> buffers_;
  Stream* const stream_;
  WriteList* const list_;
  StreamConsumer* consumer_;
  bool notify_;
  std::shared_ptr<AsyncContext> caller_;
  napi_ref pin_ = nullptr;
  std::unique_ptr<char[]> owned_;
  std::unique_ptr<GatherBlock> block_;
};

}  // namespace uvnet

#endif  // UVNET_WRITE_REQUEST_H_
