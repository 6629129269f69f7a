#ifndef UVNET_ACCEPTED_SOCKETS_H_
#define UVNET_ACCEPTED_SOCKETS_H_

#include <napi.h>

#include <cstdint>
#include <vector>

#include "env/environment.h"
#include "stream/admission.h"

namespace uvnet {

class Stream;

// Accepted connections whose descriptors belong to JavaScript, which makes sockets of Node's own
// from them. This keeps their places under the limits until JavaScript reports that they are
// closed.
//
// A descriptor in transit stands in memory that is shared with JavaScript, which writes -1 there
// when it takes the descriptor. A worker may be terminated before that: then the descriptor is
// closed here.
//
// If the connection becomes a stream after all, its place moves there.
class AcceptedSockets final : public EnvironmentPart {
 public:
  explicit AcceptedSockets(Environment* environment) : environment_(environment) {}
  ~AcceptedSockets() override { Unbind(); }
  static AcceptedSockets& Of(Environment* environment) {
    return environment->Use<AcceptedSockets>(Part::kAcceptedSockets);
  }

  // Sets the shared memory: an Int32Array of one number.
  int Bind(napi_value transit);

  // Returns the number under which JavaScript knows the place.
  int Add(int fd, Admission admission);
  // Called after JavaScript was called. If it did not take the descriptor, this closes it.
  void Settle(int place, int fd);
  // A stream has the connection from now on, and keeps its place.
  void Move(int place, Stream* stream);
  // The connection is closed, and has moved these numbers of bytes.
  void Leave(int place, uint64_t bytes_read, uint64_t bytes_written);

 private:
  void Unbind();
  bool Has(int place) const { return place >= 0 && static_cast<size_t>(place) < places_.size(); }

  Environment* const environment_;
  napi_ref memory_ = nullptr;
  int32_t* transit_ = nullptr;
  std::vector<Admission> places_;
  std::vector<int> free_;
};

}  // namespace uvnet

#endif  // UVNET_ACCEPTED_SOCKETS_H_
