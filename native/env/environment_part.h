#ifndef UVNET_ENVIRONMENT_PART_H_
#define UVNET_ENVIRONMENT_PART_H_

#include <cstdint>

namespace uvnet {

// The per-environment state of other modules, one object each. An environment knows only their
// names.
enum class Part : uint8_t {
  kReceiveBuffer,
  kChunkMemory,
  kGatherPool,
  kEncodeArea,
  kBlockLists,
  kSplicePipes,
  kLeanHub,
  kOffers,
  kHeldDescriptors,
  kAcceptedSockets,
  kCount,
};

// Life: made at its first use (Environment::Use), and destroyed with the environment, after all uv
// handles have reported that they are closed. The destructor may delete references to JavaScript
// values.
class EnvironmentPart {
 public:
  virtual ~EnvironmentPart() = default;

  EnvironmentPart(const EnvironmentPart&) = delete;
  EnvironmentPart& operator=(const EnvironmentPart&) = delete;

  // Teardown has started, and all handles are closing. The part must close its own uv handles now.
  virtual void Close() {}
  // The JavaScript modules were loaded again (jest does this for every file). The new ones do not
  // know the state that the previous ones received.
  virtual void ForgetFacade() {}

 protected:
  EnvironmentPart() = default;
};

}  // namespace uvnet

#endif  // UVNET_ENVIRONMENT_PART_H_
