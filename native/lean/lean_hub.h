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

// An event of a connection. JavaScript reads events from shared memory
// (lib/lean/memory/shared-memory.ts).
struct LeanEvent {
  enum Type : int32_t {
    kNone,
    kAccepted,   // a connection without a JavaScript object; otherwise as kOpen
    kOpen,       // `open` must be called
    kData,       // `size` bytes from `at` on in the receive area
    kEnd,        // the peer has ended its side
    kReadError,  // `size` is the status, also in the next event
    kWriteError,
    kQueued,      // the kernel did not take all bytes: `size` bytes wait
    kDrain,       // all waiting bytes were sent
    kShutdown,    // `size` is the status
    kFrameError,  // `size` is a FrameError
    kClosed,      // the oldest closed connection of the group that was not reported yet
    kHeld,        // JavaScript requested this: it holds events of its own
    kStopped,     // the group's listener is closed: no kAccepted follows
  };
  enum FrameError : int32_t { kTooLong = 1, kBadLength, kCutOff };

  int32_t id;
  Type type;
  int32_t at;
  int32_t size;
};

// Bytes in the send area that must be written to a connection.
struct LeanSend {
  int32_t id;
  int32_t at;
  int32_t size;
  int32_t next;  // the connection's next record; only the hub uses it
};

// Collects and delivers the events of all handler tables of an environment, and their bytes.
//
// 1. The events of one poll of the loop are recorded in shared memory and delivered together in the
//    check phase. Each group with events causes one crossing into JavaScript.
// 2. Bytes are read directly into an area that JavaScript can see, each read at the next free
//    position. If there is no room for another read, or the list of events is full, delivery
//    happens early: at the end of a read, when a stream may be closed.
// 3. During a delivery, JavaScript puts its writes into the send area. The hub sends them after the
//    crossing, with one system call for each connection. The stream queues the bytes that the
//    kernel refuses.
// 4. JavaScript records its progress before it calls a handler. If the handler throws, the crossing
//    ends with an 'uncaughtException', and another crossing delivers the rest.
// 5. Events of a connection that is closed in the meantime are still delivered. JavaScript skips
//    them, because its id is not valid any more and will not be reused soon.
// 6. The areas are never detached: only native code and lib/lean have them. The receive area is a
//    SharedArrayBuffer, which cannot be detached.
//
// Life: made with the first handler table, ends with the environment. An idle handle keeps the loop
// from blocking while events wait that were recorded outside the poll phase.
class LeanHub final : public EnvironmentPart {
 public:
  static LeanHub& Of(Environment* environment) { return environment->Use<LeanHub>(Part::kLeanHub); }
  // Returns null before the first handler table.
  static LeanHub* Existing(const Environment* environment) {
    return static_cast<LeanHub*>(environment->part(Part::kLeanHub));
  }
  explicit LeanHub(Environment* environment);

  // The size of an ordinary read. There is always room for one.
  static constexpr size_t kReadSize = 64 * 1024;
  // Refused bytes of a broadcast are copied for each receiver up to this size, and shared above it.
  static constexpr size_t kPinSize = 4 * 1024;

  ~LeanHub() override;

  LeanHub(const LeanHub&) = delete;
  LeanHub& operator=(const LeanHub&) = delete;

  // Sets the memory that is shared with JavaScript, and the function that delivers events.
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
  // Marks the area as used up to `end`. If this leaves too little room, everything is delivered
  // now.
  void Use(size_t end);
  void DeliverIfFull();
  // Returns room for `size` bytes after those in use, while keeping room for a read; or null.
  char* Reserve(size_t size);

  void Push(LeanGroup* group, int id, LeanEvent::Type type, size_t at = 0, int size = 0);
  bool empty() const { return owners_.empty() && late_.empty(); }
  bool full() const { return numbers_[kEventCount] >= kMaxEvents; }
  // Delivers all recorded events. Afterwards, `used` bytes of the area are in use. `message`
  // replaces the bytes of the first event.
  void Deliver(size_t used = 0, napi_value message = nullptr);
  // Delivers a message outside the area. No other event may be recorded.
  void DeliverApart(LeanGroup* group, int id, const char* data, size_t size);
  // Delivers the bytes in the environment's bulk buffer. No other event may be recorded.
  void DeliverBulk(LeanGroup* group, int id, size_t size);
  // Removes and returns the recorded events of a connection that were not delivered yet, in order:
  // Buffers, the status of reading (UV_EOF or an error), and that of writing as a positive number.
  napi_value TakeNoted(int id);

  // Sending ------------------------------------------------------------------
  // Sends the contents of the send area.
  void Flush();
  // Records the result of a write.
  void Written(LeanGroup* group, Stream* stream, int result);
  // Passes the counters of a stream that is about to close to JavaScript.
  void NoteCounters(const Stream* stream);

 private:
  // Indexes into the memory shared with lib/lean/memory/shared-memory.ts, in units of 32 bits.
  enum Number : size_t {
    kEventCount,
    kDelivered,  // number of events that JavaScript has started to handle
    kSendCount,
    kSendUsed,      // bytes
    kDelivering,    // 1 while JavaScript need not request a flush
    kCounters = 8,  // two of 64 bits: bytes read and written
    kEvents = 16,
  };
  static constexpr int32_t kMaxEvents = 1024;
  static constexpr int32_t kMaxSends = 1024;
  static constexpr size_t kSends = kEvents + 4 * kMaxEvents;
  static constexpr size_t kNumbers = kSends + 4 * kMaxSends;

  LeanEvent* events() { return reinterpret_cast<LeanEvent*>(numbers_ + kEvents); }
  LeanSend* sends() { return reinterpret_cast<LeanSend*>(numbers_ + kSends); }

  // An event for which the list was full. Only calls from JavaScript can cause this.
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
  bool mixed_ = false;  // whether events of several groups are recorded

  int32_t* numbers_ = nullptr;
  char* receive_ = nullptr;
  size_t receive_size_ = 0;
  size_t used_ = 0;
  char* send_ = nullptr;
  napi_ref memory_[3] = {};
  napi_ref deliver_ = nullptr;

  IdTable<LeanGroup> groups_;
  std::vector<LeanGroup*> owners_;  // the groups of the events; each counts as a reference
  std::vector<Late> late_;          // each counts as a reference, too
  std::vector<int32_t> last_send_;  // by slot of an id: its last record plus 1, or 0
  std::vector<uv_buf_t> buffers_;
};

}  // namespace uvnet

#endif  // UVNET_LEAN_HUB_H_
