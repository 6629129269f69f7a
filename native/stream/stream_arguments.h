#ifndef UVNET_STREAM_ARGUMENTS_H_
#define UVNET_STREAM_ARGUMENTS_H_

#include "env/arguments.h"
#include "stream/stream.h"

namespace uvnet {

// The arguments of a stream method, which identify streams by id.
class StreamArguments : public Arguments {
 public:
  using Arguments::Arguments;

  // The live stream with the id given as an argument, or null.
  Stream* stream(size_t index = 0) const {
    Handle* handle = environment()->Lookup(Int(index, -1));
    return handle != nullptr && handle->alive() ? static_cast<Stream*>(handle) : nullptr;
  }
  Stream* tcp(size_t index = 0) const { return OfKind(Handle::Kind::kTcp, index); }
  Stream* pipe(size_t index = 0) const { return OfKind(Handle::Kind::kPipe, index); }

 private:
  Stream* OfKind(Handle::Kind kind, size_t index) const {
    Stream* found = stream(index);
    return found != nullptr && found->kind() == kind ? found : nullptr;
  }
};

}  // namespace uvnet

#endif  // UVNET_STREAM_ARGUMENTS_H_
