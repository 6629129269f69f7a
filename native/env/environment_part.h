#ifndef UVNET_ENVIRONMENT_PART_H_
#define UVNET_ENVIRONMENT_PART_H_

#include <cstdint>

namespace uvnet {

// What the modules above keep for each environment, one object each. The names are all that an
// environment knows of them.
enum class Part : uint8_t {
  kReceiveBuffer,
  kGatherPool,
  kEncodeArea,
  kBlockLists,
  kSplicePipes,
  kLeanHub,
  kOffers,
  kHeldDescriptors,
  kCount,
};

// Life: made at its first use (Environment::Use), gone with the environment, after the last uv
// handle has reported that it is closed. The destructor may delete references to JavaScript values.
class EnvironmentPart {
 public:
  virtual ~EnvironmentPart() = default;

  EnvironmentPart(const EnvironmentPart&) = delete;
  EnvironmentPart& operator=(const EnvironmentPart&) = delete;

  // Teardown has begun, and all handles are closing: uv handles of its own close now.
  virtual void Close() {}
  // The facade was loaded once more (jest does it for every file): what the one before it has
  // learnt is unknown to this one.
  virtual void ForgetFacade() {}

 protected:
  EnvironmentPart() = default;
};

}  // namespace uvnet

#endif  // UVNET_ENVIRONMENT_PART_H_
