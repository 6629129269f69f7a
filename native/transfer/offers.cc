#include "transfer/offers.h"

#ifndef _WIN32

#include <unistd.h>
#include <uv.h>

#include <cstdint>

namespace uvnet {

Offers& Offers::Shared() {
  static Offers offers;
  return offers;
}

void Offers::Discard(const Offer& offer) {
  close(offer.fd);
  if (offer.name != nullptr) unlink(offer.name);
}

int Offers::Add(const Offer& offer, std::string* key) {
  uint8_t random[16];
  const int status = uv_random(nullptr, nullptr, random, sizeof random, 0, nullptr);
  if (status != 0) return status;
  static const char digits[] = "0123456789abcdef";
  key->clear();
  for (const uint8_t byte : random) {
    *key += digits[byte >> 4];
    *key += digits[byte & 15];
  }
  std::lock_guard<std::mutex> lock(mutex_);
  offers_[*key] = offer;
  return 0;
}

bool Offers::Take(const std::string& key, Offer* offer) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = offers_.find(key);
  if (found == offers_.end()) return false;
  *offer = found->second;
  offers_.erase(found);
  return true;
}

void Offers::End(const void* owner) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto at = offers_.begin(); at != offers_.end();) {
    if (at->second.owner == owner) {
      Discard(at->second);
      at = offers_.erase(at);
    } else {
      ++at;
    }
  }
}

}  // namespace uvnet

#endif
