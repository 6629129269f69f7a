// What node-gyp compiles into every addon for MSVC, for a build by mingw-w64: the functions of
// Node-API and libuv are looked up in the program that runs, whatever its name is (node.exe
// renamed, electron.exe, a single executable).

#ifdef __MINGW32__

#include <windows.h>

#include <delayimp.h>

#include <cstring>

namespace {

FARPROC WINAPI FindHost(unsigned event, DelayLoadInfo* info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  // A Node that is itself a library exports them from there.
  HMODULE host = GetModuleHandleA("libnode.dll");
  if (host == nullptr) host = GetModuleHandleA(nullptr);
  return reinterpret_cast<FARPROC>(host);
}

}  // namespace

// The loader of delayed imports declares it, and calls it where it is set.
PfnDliHook __pfnDliNotifyHook2 = FindHost;

#endif  // __MINGW32__
