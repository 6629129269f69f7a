#ifndef UVNET_ENCODE_AREA_H_
#define UVNET_ENCODE_AREA_H_

#include <cstddef>
#include <memory>

#include "env/environment.h"

namespace uvnet {

// Where long texts become bytes, one area per environment: the kernel takes them
// from there, and what it refuses is copied. Made when first needed.
class EncodeArea final : public EnvironmentPart {
 public:
  static EncodeArea& Of(Environment* environment) {
    return environment->Use<EncodeArea>(Part::kEncodeArea);
  }
  explicit EncodeArea(Environment*) {}

  // 64 Ki units of UTF-16, the size of the usual bulk write, of three bytes at most.
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
