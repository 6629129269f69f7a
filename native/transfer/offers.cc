#include "transfer/offers.h"

#ifndef _WIN32

#include <unistd.h>

#include "env/random_token.h"

namespace uvnet {

Offers& Offers::Shared() {
  // Never destroyed: workers may still be ending while the process exits.
  static auto* const offers = new Offers;
  return *offers;
}

void Offers::Discard(const Offer& offer) {
  close(offer.fd);
  if (offer.name != nullptr) unlink(offer.name);
}

int Offers::Add(const Offer& offer, std::string* key) {
  key->clear();
  const int status = AppendRandomToken(key);
  if (status != 0) return status;
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
