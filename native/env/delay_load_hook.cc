// For builds with mingw-w64, this does what node-gyp compiles into every addon for MSVC: it looks
// up the functions of Node-API and libuv in the running program, whatever its name is (a renamed
// node.exe, electron.exe, a single executable).

#ifdef __MINGW32__

#include <windows.h>

#include <delayimp.h>

#include <cstring>

namespace {

FARPROC WINAPI FindHost(unsigned event, DelayLoadInfo* info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  // If Node is a library, it exports them from there.
  HMODULE host = GetModuleHandleA("libnode.dll");
  if (host == nullptr) host = GetModuleHandleA(nullptr);
  return reinterpret_cast<FARPROC>(host);
}

}  // namespace

// The loader of delayed imports declares this hook, and calls it if it is set.
PfnDliHook __pfnDliNotifyHook2 = FindHost;

#endif  // __MINGW32__
