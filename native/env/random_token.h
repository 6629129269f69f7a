#ifndef UVNET_RANDOM_TOKEN_H_
#define UVNET_RANDOM_TOKEN_H_

#include <uv.h>

#include <cstdint>
#include <string>

namespace uvnet {

// Appends 128 bits from the system's random source, in hexadecimal: a name that cannot be guessed.
// Returns 0, or a libuv status if the system has no randomness available.
inline int AppendRandomToken(std::string* text) {
  uint8_t bytes[16];
  const int status = uv_random(nullptr, nullptr, bytes, sizeof bytes, 0, nullptr);
  if (status != 0) return status;
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    *text += kDigits[byte >> 4];
    *text += kDigits[byte & 15];
  }
  return 0;
}

}  // namespace uvnet

#endif  // UVNET_RANDOM_TOKEN_H_
