#ifndef UVNET_DESCRIPTOR_H_
#define UVNET_DESCRIPTOR_H_

#include <napi.h>

namespace uvnet {

// Functions for descriptors of any owner. On Windows, every function returns UV_ENOTSUP.

// Returns a new descriptor for the same open file, or a status.
int DuplicateDescriptor(int fd);

int CloseDescriptor(int fd);

}  // namespace uvnet

#endif  // UVNET_DESCRIPTOR_H_
