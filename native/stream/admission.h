#ifndef UVNET_ADMISSION_H_
#define UVNET_ADMISSION_H_

#include <cstdint>

namespace uvnet {

// The place of a connection under the limits of its server. It is returned once, when the
// connection closes. A moved-from or default-constructed admission is empty.
class Admission {
 public:
  // Gives places and takes them back. It stays valid while one of its places is taken.
  class Giver {
   public:
    // Takes a place back, with the numbers of bytes that the connection has moved.
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

  // Called when the connection closes, with the numbers of bytes that it has moved.
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
