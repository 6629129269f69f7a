#ifndef UVNET_LEAN_HUB_H_
#define UVNET_LEAN_HUB_H_

#include <napi.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "env/environment.h"
#include "env/id_table.h"

namespace uvnet {

class LeanGroup;
class Stream;

// What happened to a connection. JavaScript reads these from shared memory
// (lib/lean/shared-memory.ts).
struct LeanEvent {
  enum Type : int32_t {
    kNone,
    kAccepted,   // a connection that JavaScript has no object for yet; otherwise as kOpen
    kOpen,       // `open` is to be called
    kData,       // `size` bytes from `at` on in the receive area
    kEnd,        // the peer has ended
    kReadError,  // `size` is the status, as in the next one
    kWriteError,
    kQueued,      // the kernel did not take all: `size` bytes wait
    kDrain,       // all that waited is sent
    kShutdown,    // `size` is the status
    kFrameError,  // `size` is a FrameError
    kClosed,      // the oldest of the group's closed connections that was not reported yet
    kHeld,        // JavaScript asked for this: it holds events of its own
    kStopped,     // the group's listener is closed: no kAccepted follows
  };
  enum FrameError : int32_t { kTooLong = 1, kBadLength, kCutOff };

  int32_t id;
  Type type;
  int32_t at;
  int32_t size;
};

// Bytes in the send area that JavaScript wants written to a connection.
struct LeanSend {
  int32_t id;
  int32_t at;
  int32_t size;
  int32_t next;  // the connection's next record; the hub's own
};

// Where the events of all handler tables of an environment meet, and their bytes.
//
//  1. What one turn of the loop's poll brings is noted in shared memory and delivered together, in
//     the check phase: one crossing into JavaScript for each group that has events.
//  2. Bytes are read straight into an area that JavaScript sees, each read at the next free place.
//     When it has no room for one more read, or the list of events is full, delivery comes early:
//     at the end of a read, where a stream may be closed.
//  3. What JavaScript writes meanwhile it puts into the send area, and the hub sends it after the
//     crossing: one system call for each connection. What the kernel refuses, the stream queues.
//  4. JavaScript notes its progress before it calls a handler. One that throws ends the crossing
//     with an 'uncaughtException', and the rest is delivered by another one.
//  5. What happened to a connection that is closed meanwhile is delivered all the same: its id is
//     nobody's, nor will it be somebody's soon, so JavaScript passes over it.
//  6. The areas are never detached: nobody but native code and lib/lean has them. The receive area
//     is a SharedArrayBuffer, because those cannot be detached.
//
// Life: made with the first handler table, ends with the environment. An idle handle keeps the loop
// from going to sleep over events that were noted outside of the poll phase.
class LeanHub final : public EnvironmentPart {
 public:
  static LeanHub& Of(Environment* environment) { return environment->Use<LeanHub>(Part::kLeanHub); }
  // Null before the first handler table.
  static LeanHub* Existing(const Environment* environment) {
    return static_cast<LeanHub*>(environment->part(Part::kLeanHub));
  }
  explicit LeanHub(Environment* environment);

  // What an ordinary read may bring; there is always room for one.
  static constexpr size_t kReadSize = 64 * 1024;
  // Refused bytes of a publication are copied for each receiver up to this size, above it shared.
  static constexpr size_t kPinSize = 4 * 1024;

  ~LeanHub() override;

  LeanHub(const LeanHub&) = delete;
  LeanHub& operator=(const LeanHub&) = delete;

  // The memory that is shared with JavaScript, and the function that delivers.
  int Bind(napi_value numbers, napi_value receive, napi_value send, napi_value deliver);
  bool bound() const { return deliver_ != nullptr; }
  void Close() override;

  Environment* environment() const { return environment_; }

  // Groups, by number.
  int AddGroup(LeanGroup* group) { return groups_.Add(group); }
  LeanGroup* group(int number) const { return groups_.Find(number); }
  void RemoveGroup(int number) { groups_.Remove(number); }

  // Receiving ----------------------------------------------------------------
  uv_buf_t Room() const;
  size_t used() const { return used_; }
  const char* At(size_t at) const { return receive_ + at; }
  size_t OffsetOf(const char* data) const { return static_cast<size_t>(data - receive_); }
  bool Holds(const char* data) const { return data >= receive_ && data < receive_ + receive_size_; }
  // The area is in use up to `end`; where that leaves too little, all is delivered now.
  void Use(size_t end);
  void DeliverIfFull();
  // Room for `size` bytes behind those in use, in addition to that for a read; null for none.
  char* Reserve(size_t size);

  void Push(LeanGroup* group, int id, LeanEvent::Type type, size_t at = 0, int size = 0);
  bool empty() const { return owners_.empty() && late_.empty(); }
  bool full() const { return numbers_[kEventCount] >= kMaxEvents; }
  // Delivers all that is noted; then `used` bytes of the area are in use. `message` takes the place
  // of the bytes of the first event.
  void Deliver(size_t used = 0, napi_value message = nullptr);
  // Delivers a message that lies elsewhere; nothing else is noted.
  void DeliverApart(LeanGroup* group, int id, const char* data, size_t size);
  // Delivers what was read into the environment's bulk buffer; nothing else is noted.
  void DeliverBulk(LeanGroup* group, int id, size_t size);
  // What is noted for a connection and not delivered yet, in order: Buffers, the status of reading
  // (UV_EOF or an error), and that of writing as a positive number. It is not delivered any more.
  napi_value TakeNoted(int id);

  // Sending ------------------------------------------------------------------
  // Passes on what JavaScript has put into the send area.
  void Flush();
  // Notes what became of a write.
  void Written(LeanGroup* group, Stream* stream, int result);
  // Tells JavaScript the counters of a stream that is about to close.
  void NoteCounters(const Stream* stream);

 private:
  // Places in the memory shared with lib/lean/shared-memory.ts, in units of 32 bits.
  enum Number : size_t {
    kEventCount,
    kDelivered,  // events that JavaScript has begun to handle
    kSendCount,
    kSendUsed,      // bytes
    kDelivering,    // 1 while JavaScript need not ask for a flush
    kCounters = 8,  // two of 64 bits: bytes read and written
    kEvents = 16,
  };
  static constexpr int32_t kMaxEvents = 1024;
  static constexpr int32_t kMaxSends = 1024;
  static constexpr size_t kSends = kEvents + 4 * kMaxEvents;
  static constexpr size_t kNumbers = kSends + 4 * kMaxSends;

  LeanEvent* events() { return reinterpret_cast<LeanEvent*>(numbers_ + kEvents); }
  LeanSend* sends() { return reinterpret_cast<LeanSend*>(numbers_ + kSends); }

  // An event that found the list full, which only calls from JavaScript can bring about.
  struct Late {
    LeanEvent event;
    LeanGroup* owner;
  };

  void Wake();
  void Rest();
  void SortByGroup();
  void NextRound();
  bool Run(LeanGroup* group, int32_t end, napi_value message);
  void DeliverMessage(LeanGroup* group, int id, napi_value message, size_t size);
  void SendAll(LeanGroup* group, Stream* stream, int32_t first);
  void Unbind();

  static void OnCheck(uv_check_t* check);
  static void OnIdle(uv_idle_t*) {}
  static void OnPartClosed(uv_handle_t* handle);

  Environment* environment_;
  uv_check_t check_;
  uv_idle_t idle_;
  bool awake_ = false;
  bool delivering_ = false;
  bool mixed_ = false;  // events of several groups are noted

  int32_t* numbers_ = nullptr;
  char* receive_ = nullptr;
  size_t receive_size_ = 0;
  size_t used_ = 0;
  char* send_ = nullptr;
  napi_ref memory_[3] = {};
  napi_ref deliver_ = nullptr;

  IdTable<LeanGroup> groups_;
  std::vector<LeanGroup*> owners_;  // of the events; each counts as a reference
  std::vector<Late> late_;          // likewise
  std::vector<int32_t> last_send_;  // by slot of an id: its last record so far and 1, or 0
  std::vector<uv_buf_t> buffers_;
};

}  // namespace uvnet

#endif  // UVNET_LEAN_HUB_H_
