#ifndef UVNET_TCP_INFO_FIELDS_H_
#define UVNET_TCP_INFO_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "info/tcp_info.h"

namespace uvnet {

// A field of the kernel's structure. Its offset is part of the kernel's interface.
struct TcpInfoField {
  const char* name;
  size_t offset;
  size_t size;
};

inline double ReadField(const void* base, const TcpInfoField& field) {
  const char* at = static_cast<const char*>(base) + field.offset;
  switch (field.size) {
    case sizeof(uint8_t): return static_cast<uint8_t>(*at);
    case sizeof(uint32_t): {
      uint32_t value;
      std::memcpy(&value, at, sizeof(value));
      return value;
    }
    default: {
      uint64_t value;
      std::memcpy(&value, at, sizeof(value));
      return static_cast<double>(value);
    }
  }
}

// The fields that the kernel has filled in. Newer kernels append fields to the structure, and
// report its length.
template <size_t N>
void ReadFields(const void* base, size_t length, const TcpInfoField (&fields)[N], TcpInfo* info) {
  for (const TcpInfoField& field : fields) {
    if (field.offset + field.size > length) continue;
    info->raw.push_back({field.name, ReadField(base, field)});
  }
}

}  // namespace uvnet

#endif  // UVNET_TCP_INFO_FIELDS_H_
