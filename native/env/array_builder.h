#ifndef UVNET_ARRAY_BUILDER_H_
#define UVNET_ARRAY_BUILDER_H_

#include <node_api.h>

#include <cstdint>
#include <string>

namespace uvnet {

// Appends to an array, and records whether all calls succeeded.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(napi_env env) : env_(env) {
    ok_ = napi_create_array(env, &array_) == napi_ok;
  }

  void Int(int value) {
    napi_value item = nullptr;
    const napi_status status = napi_create_int32(env_, value, &item);
    Add(status, item);
  }
  // Each byte is a character.
  void Latin1(const std::string& text) {
    napi_value item = nullptr;
    const napi_status status = napi_create_string_latin1(env_, text.data(), text.size(), &item);
    Add(status, item);
  }
  void Value(napi_value item) { Add(item == nullptr ? napi_generic_failure : napi_ok, item); }
  napi_value Finish() const { return ok_ ? array_ : nullptr; }

 private:
  void Add(napi_status created, napi_value item) {
    ok_ = ok_ && created == napi_ok && napi_set_element(env_, array_, size_++, item) == napi_ok;
  }

  napi_env env_;
  napi_value array_ = nullptr;
  uint32_t size_ = 0;
  bool ok_;
};

}  // namespace uvnet

#endif  // UVNET_ARRAY_BUILDER_H_
