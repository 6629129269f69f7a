#ifndef UVNET_ID_TABLE_H_
#define UVNET_ID_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace uvnet {

// Ids with which JavaScript refers to native objects.
//
// An id combines a slot of the table with a generation of that slot. When a slot is used again, its
// id changes, so an old id never finds a newer object. Ids have 30 bits, so that V8 can store them
// as small integers on every platform. lib/internal/native/binding.ts also knows their format.
template <typename T>
class IdTable {
 public:
  static constexpr unsigned kSlotBits = 21;
  static constexpr unsigned kIdBits = 30;

  static constexpr size_t SlotOf(int id) { return static_cast<uint32_t>(id) & kSlotMask; }

  // Returns a negative number if all slots are in use.
  int Add(T* value) {
    if (free_.empty()) {
      if (slots_.size() > kSlotMask) return -1;
      slots_.push_back({value, static_cast<int>(slots_.size())});
      return slots_.back().id;
    }
    Slot& slot = slots_[free_.back()];
    free_.pop_back();
    slot.value = value;
    return slot.id;
  }

  // Returns null if the id is not valid, or no longer valid.
  T* Find(int id) const {
    const size_t slot = SlotOf(id);
    return slot < slots_.size() && slots_[slot].id == id ? slots_[slot].value : nullptr;
  }

  void Replace(int id, T* value) { slots_[SlotOf(id)].value = value; }

  void Remove(int id) {
    Slot& slot = slots_[SlotOf(id)];
    slot.value = nullptr;
    slot.id = static_cast<int>((static_cast<uint32_t>(id) + kSlotMask + 1) & kIdMask);
    free_.push_back(static_cast<uint32_t>(SlotOf(id)));
  }

  template <typename Function>
  void ForEach(Function function) const {
    for (const Slot& slot : slots_) {
      if (slot.value != nullptr) function(slot.value);
    }
  }

 private:
  static constexpr uint32_t kSlotMask = (1u << kSlotBits) - 1;
  static constexpr uint32_t kIdMask = (1u << kIdBits) - 1;

  struct Slot {
    T* value;
    int id;  // of the value, or of the next value
  };

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace uvnet

#endif  // UVNET_ID_TABLE_H_
