#ifndef UVNET_ENCODE_AREA_H_
#define UVNET_ENCODE_AREA_H_

#include <cstddef>
#include <memory>

#include "env/environment.h"

namespace uvnet {

// Area for encoding long texts, one per environment. The kernel takes the bytes from here, and the
// bytes that it refuses are copied. It is made when first needed.
class EncodeArea final : public EnvironmentPart {
 public:
  static EncodeArea& Of(Environment* environment) {
    return environment->Use<EncodeArea>(Part::kEncodeArea);
  }
  explicit EncodeArea(Environment*) {}

  // 64 Ki UTF-16 units (the usual size of a bulk write) of at most three bytes.
  static constexpr size_t kSize = 3 * (64 * 1024 + 1);

  char* Get() {
    if (bytes_ == nullptr) bytes_.reset(new char[kSize]);
    return bytes_.get();
  }

 private:
  std::unique_ptr<char[]> bytes_;
};

}  // namespace uvnet

#endif  // UVNET_ENCODE_AREA_H_
