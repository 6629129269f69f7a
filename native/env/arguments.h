#ifndef UVNET_ARGUMENTS_H_
#define UVNET_ARGUMENTS_H_

#include <napi.h>
#include <uv.h>

#include <string>
#include <type_traits>

#include "env/environment.h"

namespace uvnet {

// The arguments of a native method. JavaScript has already checked them. An argument that is
// missing or has the wrong type is treated as not given.
class Arguments {
 public:
  static constexpr size_t kMax = 7;

  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    void* data = nullptr;
    count_ = kMax;
    if (napi_get_cb_info(env, info, &count_, values_, nullptr, &data) != napi_ok) count_ = 0;
    environment_ = static_cast<Environment*>(data);
    if (count_ > kMax) count_ = kMax;
  }

  Environment* environment() const { return environment_; }
  napi_env env() const { return env_; }
  bool has(size_t index) const { return index < count_; }
  napi_value at(size_t index) const { return has(index) ? values_[index] : nullptr; }

  int Int(size_t index, int otherwise = 0) const {
    int32_t value;
    if (!has(index) || napi_get_value_int32(env_, values_[index], &value) != napi_ok) {
      return otherwise;
    }
    return value;
  }

  double Double(size_t index, double otherwise = 0) const {
    double value;
    if (!has(index) || napi_get_value_double(env_, values_[index], &value) != napi_ok) {
      return otherwise;
    }
    return value;
  }

  bool Bool(size_t index) const {
    bool value = false;
    return has(index) && napi_get_value_bool(env_, values_[index], &value) == napi_ok && value;
  }

  std::string String(size_t index) const {
    size_t size = 0;
    if (!has(index) ||
        napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &size) != napi_ok) {
      return {};
    }
    std::string text(size, '\0');
    if (napi_get_value_string_utf8(env_, values_[index], &text[0], size + 1, &size) != napi_ok) {
      return {};
    }
    return text;
  }

  napi_value Return(int value) const {
    napi_value result;
    return napi_create_int32(env_, value, &result) == napi_ok ? result : nullptr;
  }
  napi_value ReturnNumber(double value) const {
    napi_value result;
    return napi_create_double(env_, value, &result) == napi_ok ? result : nullptr;
  }

 private:
  napi_env env_;
  Environment* environment_;
  size_t count_;
  napi_value values_[kMax];
};

// The memory of an Int32Array or a Float64Array with at least this many numbers; null for any other
// value.
template <typename T>
T* Numbers(napi_env env, napi_value array, size_t least, size_t* length = nullptr) {
  static_assert(std::is_same<T, int32_t>::value || std::is_same<T, double>::value,
                "a type of typed arrays");
  constexpr auto kType = std::is_same<T, double>::value ? napi_float64_array : napi_int32_array;
  napi_typedarray_type type;
  size_t count = 0;
  void* data = nullptr;
  if (array == nullptr ||
      napi_get_typedarray_info(env, array, &type, &count, &data, nullptr, nullptr) != napi_ok ||
      type != kType || count < least) {
    return nullptr;
  }
  if (length != nullptr) *length = count;
  return static_cast<T*>(data);
}

// The bytes of a Buffer, which are valid until JavaScript runs.
struct Bytes {
  char* data = nullptr;
  size_t size = 0;

  bool From(napi_env env, napi_value value) {
    void* memory = nullptr;
    if (value == nullptr || napi_get_buffer_info(env, value, &memory, &size) != napi_ok) {
      return false;
    }
    data = static_cast<char*>(memory);
    return true;
  }
};

// These two and addon.cc use the functions of Node-API alone: a thread may be terminated while it
// loads the addon, and then the exceptions of node-addon-api would end the process.
inline void Define(Napi::Env env, Napi::Object exports, const char* name, napi_callback method) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, method, Environment::From(env),
                           &function) == napi_ok) {
    napi_set_named_property(env, exports, name, function);
  }
}

inline void Define(Napi::Env env, Napi::Object exports, const char* name, size_t number) {
  napi_value value;
  if (napi_create_double(env, static_cast<double>(number), &value) == napi_ok) {
    napi_set_named_property(env, exports, name, value);
  }
}

inline void Define(Napi::Env env, Napi::Object exports, const char* name, const char* text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) {
    napi_set_named_property(env, exports, name, value);
  }
}

}  // namespace uvnet

#endif  // UVNET_ARGUMENTS_H_
