#ifndef UVNET_PREFIX_TRIE_H_
#define UVNET_PREFIX_TRIE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace uvnet {

inline int LeadingZeros(uint64_t value) {
  if (value == 0) return 64;
#if defined(_MSC_VER) && !defined(__clang__)
  unsigned long index;
  if (_BitScanReverse(&index, static_cast<unsigned long>(value >> 32)))
    return 31 - static_cast<int>(index);
  _BitScanReverse(&index, static_cast<unsigned long>(value));
  return 63 - static_cast<int>(index);
#else
  return __builtin_clzll(value);
#endif
}

// The bits of an IPv4 address, most significant first.
struct Key32 {
  static constexpr int kBits = 32;
  uint32_t bits = 0;

  int Nibble(int depth) const { return static_cast<int>(bits >> (28 - depth)) & 15; }
  int CommonPrefix(Key32 other) const { return LeadingZeros(bits ^ other.bits) - 32; }
  Key32 Truncated(int length) const {
    return {length == 0 ? 0 : bits & (UINT32_MAX << (32 - length))};
  }
  bool operator<(Key32 other) const { return bits < other.bits; }
};

// The bits of an IPv6 address.
struct Key128 {
  static constexpr int kBits = 128;
  uint64_t high = 0;
  uint64_t low = 0;

  int Nibble(int depth) const {
    return static_cast<int>(depth < 64 ? high >> (60 - depth) : low >> (124 - depth)) & 15;
  }
  int CommonPrefix(Key128 other) const {
    return high != other.high ? LeadingZeros(high ^ other.high)
                              : 64 + LeadingZeros(low ^ other.low);
  }
  Key128 Truncated(int length) const {
    if (length == 0) return {};
    if (length <= 64) return {high & (UINT64_MAX << (64 - length)), 0};
    return {high, low & (UINT64_MAX << (128 - length))};
  }
  bool operator<(Key128 other) const {
    return high != other.high ? high < other.high : low < other.low;
  }
};

// A multiset of address prefixes that can tell whether one of them covers an address. It is a radix
// trie with four bits per level:
//
// - A trie node at depth d (a multiple of four) holds the prefixes of lengths d+1 to d+4 that begin
//   with its key. They are bits numbered like a binary heap: 1 is the node itself (used only by the
//   root, for the prefix of length 0), 2 and 3 are its halves, 16 to 31 its sixteenths.
// - Paths are compressed: a child may be any number of levels below its parent, so a path has one
//   node for each branching.
// - The children of a node form one block of the pool, in order, and are found by counting bits. A
//   node takes 16 bytes for IPv4 and 32 for IPv6, without pointers. Blocks move when they grow, so
//   an index is valid only until the next change.
//
// A lookup visits one node per level: about log16(n) nodes for scattered addresses. There is no
// locking; the trie must not be changed while it is read.
template <typename Key>
class PrefixTrie {
 public:
  PrefixTrie() { Clear(); }

  void Add(Key key, int length);
  // Reverts one Add of the same prefix, which must exist.
  void Remove(Key key, int length);
  void Clear();

  bool Contains(Key key) const {
    for (const Node* node = nodes_.data();;) {
      const int nibble = key.Nibble(node->depth);
      if ((node->prefixes & kCovering[nibble]) != 0) return true;
      if ((node->children >> nibble & 1) == 0) return false;
      node = &nodes_[Child(*node, nibble)];
      if (key.CommonPrefix(node->key) < node->depth) return false;
    }
  }

  // Whether every address of the prefix is covered, by one prefix or by several together.
  bool Covers(Key key, int length) const;

  size_t MemoryUsed() const { return nodes_.capacity() * sizeof(Node); }

 private:
  static constexpr int kStep = 4;
  static constexpr int kFanout = 1 << kStep;
  static constexpr int kMaxSteps = Key::kBits / kStep;
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Node {
    Key key;
    uint32_t prefixes = 0;
    uint32_t first_child = kNone;  // or, in a free block, the next free block
    uint16_t children = 0;
    uint8_t depth = 0;
  };

  // The bits of all prefixes that cover one sixteenth of a node.
  static constexpr uint32_t Covering(int nibble) {
    return 1u << 1 | 1u << (2 + (nibble >> 3)) | 1u << (4 + (nibble >> 2)) |
           1u << (8 + (nibble >> 1)) | 1u << (16 + nibble);
  }
  static constexpr uint32_t kCovering[kFanout] = {
      Covering(0),  Covering(1),  Covering(2),  Covering(3), Covering(4),  Covering(5),
      Covering(6),  Covering(7),  Covering(8),  Covering(9), Covering(10), Covering(11),
      Covering(12), Covering(13), Covering(14), Covering(15)};

  static int CountBits(uint32_t sixteen_bits) {
    uint32_t x = sixteen_bits;
    x -= x >> 1 & 0x5555;
    x = (x & 0x3333) + (x >> 2 & 0x3333);
    x = (x + (x >> 4)) & 0x0f0f;
    return static_cast<int>((x + (x >> 8)) & 0x1f);
  }

  static uint32_t Child(const Node& node, int nibble) {
    return node.first_child +
           static_cast<uint32_t>(CountBits(node.children & ((1u << nibble) - 1)));
  }

  // The depth of the node that holds prefixes of this length, and their bit in it.
  static int DepthOf(int length) { return length == 0 ? 0 : (length - 1) / kStep * kStep; }
  static uint32_t BitOf(Key key, int length) {
    const int steps = length - DepthOf(length);
    if (length == 0) return 1u << 1;
    return 1u << ((1 << steps) | key.Nibble(DepthOf(length)) >> (kStep - steps));
  }

  uint32_t Allocate(int count);
  void Free(uint32_t block, int count);
  void AddChild(uint32_t parent, int nibble, const Node& child);
  void RemoveChild(uint32_t parent, int nibble);
  bool IsFull(const Node& node, uint32_t bit) const;

  std::vector<Node> nodes_;  // the root comes first
  uint32_t free_[kFanout + 1];
  // For prefixes that were added more than once: how many additional times.
  std::map<std::pair<Key, int>, size_t> repeats_;
};

template <typename Key>
void PrefixTrie<Key>::Clear() {
  nodes_ = std::vector<Node>(1);
  for (uint32_t& head : free_) head = kNone;
  repeats_.clear();
}

template <typename Key>
uint32_t PrefixTrie<Key>::Allocate(int count) {
  uint32_t& head = free_[count];
  if (head != kNone) {
    const uint32_t block = head;
    head = nodes_[block].first_child;
    return block;
  }
  const size_t block = nodes_.size();
  const size_t needed = block + static_cast<size_t>(count);
  // Grows by a quarter instead of doubling: lists are large and grow slowly.
  if (needed > nodes_.capacity()) nodes_.reserve(needed + needed / 4);
  nodes_.resize(needed);
  return static_cast<uint32_t>(block);
}

template <typename Key>
void PrefixTrie<Key>::Free(uint32_t block, int count) {
  nodes_[block].first_child = free_[count];
  free_[count] = block;
}

template <typename Key>
void PrefixTrie<Key>::AddChild(uint32_t parent, int nibble, const Node& child) {
  const int count = CountBits(nodes_[parent].children);
  const uint32_t before = Child(nodes_[parent], nibble) - nodes_[parent].first_child;
  const uint32_t block = Allocate(count + 1);
  Node& node = nodes_[parent];
  const uint32_t old = node.first_child;
  for (uint32_t i = 0; i < before; ++i) nodes_[block + i] = nodes_[old + i];
  for (uint32_t i = before; i < static_cast<uint32_t>(count); ++i) {
    nodes_[block + i + 1] = nodes_[old + i];
  }
  nodes_[block + before] = child;
  node.first_child = block;
  node.children = static_cast<uint16_t>(node.children | 1 << nibble);
  if (count > 0) Free(old, count);
}

template <typename Key>
void PrefixTrie<Key>::RemoveChild(uint32_t parent, int nibble) {
  const int count = CountBits(nodes_[parent].children);
  const uint32_t removed = Child(nodes_[parent], nibble) - nodes_[parent].first_child;
  const uint32_t block = count > 1 ? Allocate(count - 1) : kNone;
  Node& node = nodes_[parent];
  const uint32_t old = node.first_child;
  for (uint32_t from = 0, to = 0; from < static_cast<uint32_t>(count); ++from) {
    if (from != removed) nodes_[block + to++] = nodes_[old + from];
  }
  node.first_child = block;
  node.children = static_cast<uint16_t>(node.children & ~(1 << nibble));
  Free(old, count);
}

template <typename Key>
void PrefixTrie<Key>::Add(Key key, int length) {
  key = key.Truncated(length);
  const int depth = DepthOf(length);
  const uint32_t bit = BitOf(key, length);
  uint32_t at = 0;
  while (nodes_[at].depth != depth) {
    const int nibble = key.Nibble(nodes_[at].depth);
    if ((nodes_[at].children >> nibble & 1) == 0) {
      Node leaf;
      leaf.key = key.Truncated(depth);
      leaf.depth = static_cast<uint8_t>(depth);
      leaf.prefixes = bit;
      AddChild(at, nibble, leaf);
      return;
    }
    at = Child(nodes_[at], nibble);

    int common = key.CommonPrefix(nodes_[at].key);
    if (common > depth) common = depth;
    common -= common % kStep;
    if (common >= nodes_[at].depth) continue;
    // The child is beside or below the prefix. A new node at their common prefix replaces the child
    // and gets it as its own child.
    const Node child = nodes_[at];
    Node meeting;
    meeting.key = key.Truncated(common);
    meeting.depth = static_cast<uint8_t>(common);
    nodes_[at] = meeting;
    AddChild(at, child.key.Nibble(common), child);
  }
  if ((nodes_[at].prefixes & bit) != 0) {
    ++repeats_[{key, length}];
  } else {
    nodes_[at].prefixes |= bit;
  }
}

template <typename Key>
void PrefixTrie<Key>::Remove(Key key, int length) {
  key = key.Truncated(length);
  const auto repeat = repeats_.find({key, length});
  if (repeat != repeats_.end()) {
    if (--repeat->second == 0) repeats_.erase(repeat);
    return;
  }

  const int depth = DepthOf(length);
  uint32_t path[kMaxSteps + 1];
  int steps = 0;
  uint32_t at = 0;
  while (nodes_[at].depth < depth) {
    const int nibble = key.Nibble(nodes_[at].depth);
    if ((nodes_[at].children >> nibble & 1) == 0) return;
    path[steps++] = at;
    at = Child(nodes_[at], nibble);
  }
  if (nodes_[at].depth != depth || key.CommonPrefix(nodes_[at].key) < depth) return;
  nodes_[at].prefixes &= ~BitOf(key, length);

  // Removes nodes that are empty or have only one child.
  for (; at != 0 && nodes_[at].prefixes == 0; at = path[steps]) {
    const int count = CountBits(nodes_[at].children);
    if (count > 1) return;
    if (count == 1) {
      const uint32_t only = nodes_[at].first_child;
      nodes_[at] = nodes_[only];
      Free(only, 1);
      return;
    }
    const uint32_t parent = path[--steps];
    RemoveChild(parent, key.Nibble(nodes_[parent].depth));
  }
}

template <typename Key>
bool PrefixTrie<Key>::IsFull(const Node& node, uint32_t bit) const {
  if ((node.prefixes >> bit & 1) != 0) return true;
  if (bit < kFanout) return IsFull(node, 2 * bit) && IsFull(node, 2 * bit + 1);
  const int nibble = static_cast<int>(bit) - kFanout;
  if ((node.children >> nibble & 1) == 0) return false;
  const Node& child = nodes_[Child(node, nibble)];
  return child.depth == node.depth + kStep && IsFull(child, 1);
}

template <typename Key>
bool PrefixTrie<Key>::Covers(Key key, int length) const {
  const Node* node = nodes_.data();
  const int depth = DepthOf(length);
  while (node->depth < depth) {
    const int nibble = key.Nibble(node->depth);
    if ((node->prefixes & kCovering[nibble]) != 0) return true;
    if ((node->children >> nibble & 1) == 0) return false;
    node = &nodes_[Child(*node, nibble)];
    if (key.CommonPrefix(node->key) < (node->depth < length ? node->depth : length)) return false;
  }
  if (node->depth == length) return IsFull(*node, 1);
  // A deeper node leaves a gap.
  if (node->depth != depth) return false;
  const int steps = length - depth;
  uint32_t bit = (1u << steps) | static_cast<uint32_t>(key.Nibble(depth)) >> (kStep - steps);
  for (uint32_t above = bit >> 1; above > 0; above >>= 1) {
    if ((node->prefixes >> above & 1) != 0) return true;
  }
  return IsFull(*node, bit);
}

}  // namespace uvnet

#endif  // UVNET_PREFIX_TRIE_H_
