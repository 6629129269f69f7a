#ifndef UVNET_ADMISSION_H_
#define UVNET_ADMISSION_H_

#include <cstdint>

namespace uvnet {

// A connection's place under the limits of the server that accepted it. It is given back once, when
// the connection closes. Moved from, or made by nobody, it is empty.
class Admission {
 public:
  // Who gives places and takes them back. It stays valid while one of its places is taken.
  class Giver {
   public:
    // The connection has moved so many bytes.
    virtual void TakeBack(uint32_t ticket, uint64_t bytes_read, uint64_t bytes_written) = 0;

   protected:
    ~Giver() = default;
  };

  Admission() = default;
  Admission(Giver* giver, uint32_t ticket) : giver_(giver), ticket_(ticket) {}
  Admission(Admission&& other) noexcept : giver_(other.giver_), ticket_(other.ticket_) {
    other.giver_ = nullptr;
  }
  Admission& operator=(Admission&& other) noexcept {
    if (this != &other) {
      Leave(0, 0);
      giver_ = other.giver_;
      ticket_ = other.ticket_;
      other.giver_ = nullptr;
    }
    return *this;
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission() { Leave(0, 0); }

  // The connection is closing, and has moved so many bytes.
  void Leave(uint64_t bytes_read, uint64_t bytes_written) {
    if (giver_ == nullptr) return;
    Giver* const giver = giver_;
    giver_ = nullptr;
    giver->TakeBack(ticket_, bytes_read, bytes_written);
  }

  const Giver* giver() const { return giver_; }

 private:
  friend class AcceptPolicy;

  Giver* giver_ = nullptr;
  uint32_t ticket_ = 0;
};

}  // namespace uvnet

#endif  // UVNET_ADMISSION_H_
