#include "lean/lean_hub.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "env/arguments.h"
#include "env/environment.h"
#include "env/js_call.h"
#include "lean/lean_group.h"
#include "memory/buffer.h"
#include "memory/receive_buffer.h"
#include "stream/stream.h"

namespace uvnet {

namespace {

// Reads start at aligned offsets, so that typed arrays of any kind can view them.
constexpr size_t kAlignment = 8;

size_t Aligned(size_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); }

}  // namespace

LeanHub::LeanHub(Environment* environment) : environment_(environment) {
  // Both calls cannot fail.
  uv_check_init(environment->loop(), &check_);
  uv_idle_init(environment->loop(), &idle_);
  check_.data = idle_.data = this;
  for (auto* part :
       {reinterpret_cast<uv_handle_t*>(&check_), reinterpret_cast<uv_handle_t*>(&idle_)}) {
    uv_unref(part);
    environment->HandleOpened();
  }
}

LeanHub::~LeanHub() {
  for (LeanGroup* owner : owners_) owner->Release();
  for (const Late& late : late_) late.owner->Release();
  groups_.ForEach([](LeanGroup* group) { group->Release(); });
  Unbind();
}

void LeanHub::Close() {
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), OnPartClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), OnPartClosed);
}

void LeanHub::OnPartClosed(uv_handle_t* handle) {
  static_cast<LeanHub*>(handle->data)->environment_->HandleClosed();
}

int LeanHub::Bind(napi_value numbers, napi_value receive, napi_value send, napi_value deliver) {
  napi_env env = environment_->env();
  auto* const shared = Numbers<int32_t>(env, numbers, kNumbers);
  Bytes receive_area;
  Bytes send_area;
  if (shared == nullptr || !receive_area.From(env, receive) || receive_area.size < kReadSize ||
      !send_area.From(env, send)) {
    return UV_EINVAL;
  }
  // If the JavaScript modules are loaded again (by jest), they bring new memory.
  Unbind();
  const napi_value memory[] = {numbers, receive, send};
  for (size_t i = 0; i < 3; ++i) {
    if (napi_create_reference(env, memory[i], 1, &memory_[i]) != napi_ok) return UV_ENOMEM;
  }
  if (napi_create_reference(env, deliver, 1, &deliver_) != napi_ok) return UV_ENOMEM;
  numbers_ = shared;
  receive_ = receive_area.data;
  receive_size_ = receive_area.size;
  send_ = send_area.data;
  used_ = 0;
  return 0;
}

void LeanHub::Unbind() {
  napi_env env = environment_->env();
  for (napi_ref* reference : {&memory_[0], &memory_[1], &memory_[2], &deliver_}) {
    if (*reference != nullptr) napi_delete_reference(env, *reference);
    *reference = nullptr;
  }
}

// Receiving -------------------------------------------------------------------

uv_buf_t LeanHub::Room() const {
  const size_t room = std::min(receive_size_ - used_, kReadSize);
  return uv_buf_init(receive_ + used_, static_cast<unsigned>(room));
}

void LeanHub::Use(size_t end) { used_ = Aligned(end); }

void LeanHub::DeliverIfFull() {
  if (receive_size_ < used_ + kReadSize || full()) Deliver();
}

char* LeanHub::Reserve(size_t size) {
  if (receive_size_ < used_ + Aligned(size) + kReadSize) return nullptr;
  char* const place = receive_ + used_;
  used_ += Aligned(size);
  return place;
}

void LeanHub::Push(LeanGroup* group, int id, LeanEvent::Type type, size_t at, int size) {
  if (environment_->stopping()) return;
  const LeanEvent event = {id, type, static_cast<int32_t>(at), size};
  group->Retain();
  Wake();
  if (full()) {
    late_.push_back({event, group});
    return;
  }
  if (!owners_.empty() && owners_.back() != group) mixed_ = true;
  events()[numbers_[kEventCount]++] = event;
  owners_.push_back(group);
}

napi_value LeanHub::TakeNoted(int id) {
  napi_env env = environment_->env();
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return nullptr;
  uint32_t count = 0;
  const auto take = [&](LeanEvent& event) {
    // The end of our side is of the stream, whoever has it.
    if (event.id != id || event.type == LeanEvent::kShutdown) return;
    napi_value item = nullptr;
    if (event.type == LeanEvent::kData) {
      napi_create_buffer_copy(env, static_cast<size_t>(event.size), receive_ + event.at, nullptr,
                              &item);
    } else if (event.type == LeanEvent::kEnd) {
      napi_create_int32(env, UV_EOF, &item);
    } else if (event.type == LeanEvent::kReadError) {
      napi_create_int32(env, event.size, &item);
    } else if (event.type == LeanEvent::kWriteError) {
      napi_create_int32(env, -event.size, &item);
    }
    if (item != nullptr) napi_set_element(env, list, count++, item);
    event.type = LeanEvent::kNone;
  };
  for (int32_t i = numbers_[kDelivered]; i < numbers_[kEventCount]; ++i) take(events()[i]);
  for (Late& late : late_) take(late.event);
  return list;
}

// Recorded events are delivered before the loop may end, even if nothing else keeps it alive.
void LeanHub::Wake() {
  if (awake_ || delivering_) return;
  awake_ = true;
  uv_check_start(&check_, OnCheck);
  uv_idle_start(&idle_, OnIdle);
  uv_ref(reinterpret_cast<uv_handle_t*>(&idle_));
}

void LeanHub::Rest() {
  if (!awake_) return;
  awake_ = false;
  uv_check_stop(&check_);
  uv_idle_stop(&idle_);
  uv_unref(reinterpret_cast<uv_handle_t*>(&idle_));
}

void LeanHub::OnCheck(uv_check_t* check) { static_cast<LeanHub*>(check->data)->Deliver(); }

// Keeps the order of events within a group.
void LeanHub::SortByGroup() {
  const auto count = static_cast<size_t>(numbers_[kEventCount]);
  std::vector<LeanGroup*> order;
  std::vector<size_t> rank(count);
  for (size_t i = 0; i < count; ++i) {
    const auto found = std::find(order.begin(), order.end(), owners_[i]);
    rank[i] = static_cast<size_t>(found - order.begin());
    if (found == order.end()) order.push_back(owners_[i]);
  }
  std::vector<size_t> places(count);
  std::iota(places.begin(), places.end(), size_t{0});
  std::stable_sort(places.begin(), places.end(),
                   [&](size_t a, size_t b) { return rank[a] < rank[b]; });
  const std::vector<LeanEvent> unsorted_events(events(), events() + count);
  const std::vector<LeanGroup*> unsorted_owners = owners_;
  for (size_t i = 0; i < count; ++i) {
    events()[i] = unsorted_events[places[i]];
    owners_[i] = unsorted_owners[places[i]];
  }
}

// Returns false if JavaScript could not be entered.
bool LeanHub::Run(LeanGroup* group, int32_t end, napi_value message) {
  const int32_t before = numbers_[kDelivered];
  JsCall call(environment_, group->async_context());
  if (!call.possible()) return false;
  call.Int(group->number()).Int(end);
  if (message != nullptr) call.Value(message);
  call.Run(deliver_);
  return numbers_[kDelivered] > before;
}

void LeanHub::Deliver(size_t used, napi_value message) {
  if (delivering_) return;
  delivering_ = true;
  numbers_[kDelivering] = 1;
  bool entered = true;
  while (entered && !owners_.empty()) {
    if (mixed_) SortByGroup();
    for (int32_t next = 0; entered && next < numbers_[kEventCount]; next = numbers_[kDelivered]) {
      LeanGroup* const group = owners_[static_cast<size_t>(next)];
      int32_t end = next + 1;
      while (end < numbers_[kEventCount] && owners_[static_cast<size_t>(end)] == group) ++end;
      entered = Run(group, end, std::exchange(message, nullptr));
      // Events that this causes are delivered in the next round.
      Flush();
    }
    NextRound();
  }
  numbers_[kDelivering] = 0;
  used_ = used;
  delivering_ = false;
  Rest();
}

void LeanHub::NextRound() {
  for (LeanGroup* owner : owners_) owner->Release();
  owners_.clear();
  numbers_[kDelivered] = numbers_[kEventCount] = 0;
  mixed_ = false;
  const size_t count = std::min<size_t>(late_.size(), kMaxEvents);
  for (size_t i = 0; i < count; ++i) {
    const Late& late = late_[i];
    if (!owners_.empty() && owners_.back() != late.owner) mixed_ = true;
    events()[numbers_[kEventCount]++] = late.event;
    owners_.push_back(late.owner);
  }
  late_.erase(late_.begin(), late_.begin() + static_cast<ptrdiff_t>(count));
}

void LeanHub::DeliverApart(LeanGroup* group, int id, const char* data, size_t size) {
  if (environment_->stopping()) return;
  napi_env env = environment_->env();
  HandleScope scope(env);
  napi_value message;
  if (ReceiveBuffer::Of(environment_).Copy(env, data, size, &message) != napi_ok) message = nullptr;
  DeliverMessage(group, id, message, size);
}

void LeanHub::DeliverBulk(LeanGroup* group, int id, size_t size) {
  if (environment_->stopping()) return;
  HandleScope scope(environment_->env());
  napi_value message;
  if (ReceiveBuffer::Of(environment_).TakeBulk(environment_->env(), &message) != napi_ok)
    message = nullptr;
  DeliverMessage(group, id, message, size);
}

void LeanHub::DeliverMessage(LeanGroup* group, int id, napi_value message, size_t size) {
  if (message == nullptr) {
    Push(group, id, LeanEvent::kReadError, 0, UV_ENOMEM);
    return;
  }
  Push(group, id, LeanEvent::kData, 0, static_cast<int>(size));
  Deliver(used_, message);
}

// Sending ---------------------------------------------------------------------

void LeanHub::Written(LeanGroup* group, Stream* stream, int result) {
  if (result < 0) {
    Push(group, stream->id(), LeanEvent::kWriteError, 0, result);
  } else if (result == kWriteQueued) {
    const size_t waiting = std::min<size_t>(stream->write_queue_size(), INT32_MAX);
    Push(group, stream->id(), LeanEvent::kQueued, 0, static_cast<int>(waiting));
  }
}

void LeanHub::NoteCounters(const Stream* stream) {
  const double counters[] = {static_cast<double>(stream->bytes_read()),
                             static_cast<double>(stream->bytes_written())};
  std::memcpy(numbers_ + kCounters, counters, sizeof counters);
}

void LeanHub::SendAll(LeanGroup* group, Stream* stream, int32_t first) {
  buffers_.clear();
  for (int32_t i = first; i >= 0; i = sends()[i].next) {
    const LeanSend& send = sends()[i];
    buffers_.push_back(MakeBuffer(send_ + send.at, send.size));
  }
  Written(group, stream, stream->WriteCopied(buffers_.data(), buffers_.size()));
}

void LeanHub::Flush() {
  const int32_t count = numbers_[kSendCount];
  if (count == 0) return;
  // Links the records of each connection, in order.
  for (int32_t i = 0; i < count; ++i) {
    LeanSend& send = sends()[i];
    send.next = -1;
    const size_t slot = IdTable<Handle>::SlotOf(send.id);
    if (slot >= last_send_.size()) last_send_.resize(slot + 1);
    const int32_t last = last_send_[slot];
    last_send_[slot] = i + 1;
    if (last == 0) continue;
    LeanSend& before = sends()[last - 1];
    const int32_t not_first = -send.id - 1;
    if (before.id != send.id && before.id != not_first) continue;
    before.next = i;
    send.id = not_first;
  }
  for (int32_t i = 0; i < count; ++i) {
    const int32_t id = sends()[i].id;
    if (id < 0) continue;
    last_send_[IdTable<Handle>::SlotOf(id)] = 0;
    Handle* const handle = environment_->Lookup(id);
    if (handle == nullptr || !handle->alive()) continue;
    auto* const stream = static_cast<Stream*>(handle);
    LeanGroup* const group = LeanGroup::Of(stream);
    if (group != nullptr) SendAll(group, stream, i);
  }
  numbers_[kSendCount] = 0;
  numbers_[kSendUsed] = 0;
}

}  // namespace uvnet
