// In place of delayed imports, for a linker that makes none: the functions of Node-API and libuv are looked
// up when the addon is loaded, in the program that runs, whatever its name is. One that is not there
// makes loading fail, and uvnet falls back to node:net.

#include <windows.h>

// FUNCTION(name) for each; made by scripts/lib/windows-binary.mjs.
#define FUNCTION(name) extern "C" FARPROC __imp_##name = nullptr;
#include "host_functions.inc"
#undef FUNCTION

namespace {

struct HostFunction {
  const char* name;
  FARPROC* address;
};

#define FUNCTION(name) {#name, &__imp_##name},
constexpr HostFunction kFunctions[] = {
#include "host_functions.inc"
};
#undef FUNCTION

}  // namespace

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  // A Node that is itself a library exports them from there.
  HMODULE host = GetModuleHandleA("libnode.dll");
  if (host == nullptr) host = GetModuleHandleA(nullptr);
  for (const HostFunction& function : kFunctions) {
    *function.address = GetProcAddress(host, function.name);
    if (*function.address == nullptr) return FALSE;
  }
  return TRUE;
}
