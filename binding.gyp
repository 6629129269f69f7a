# The release build (node-gyp). The developers' flavours are in CMakeLists.txt; both read the list of
# source files from native/sources.json, which also holds what the cross builds compile by.
#
# With UVNET_RELEASE=1 in the environment, as scripts/ sets it, warnings are errors, and the C++ runtime comes
# along. "npx uvnet build" does without: a compiler newer than ours may know more warnings, and the binary is
# used where it is built.
{
  'variables': { 'uvnet_release': '<!(node -p "Number(process.env.UVNET_RELEASE === \'1\')")' },
  'targets': [
    {
      'target_name': 'uvnet',
      'sources': ['<!@(node -p "require(\'./native/sources.json\').sources.join(\' \')")'],
      'include_dirs': ['native', '<!(node -p "try{require(\'node-addon-api\').include_dir}catch{\'native/vendor\'}")'],
      'defines': [
        '<!@(node -p "require(\'./native/sources.json\').defines.join(\' \')")',
        'UVNET_VERSION=<!(node -p "require(\'./package.json\').version")',
      ],
      'conditions': [
        [
          'OS == "win"',
          {
            'defines': [
              '<!@(node -p "require(\'./native/sources.json\').windowsDefines.join(\' \')")',
              '_HAS_EXCEPTIONS=0',
            ],
            'libraries': ['-lws2_32.lib', '-liphlpapi.lib'],
            'conditions': [
              ['uvnet_release == 1', { 'msvs_settings': { 'VCCLCompilerTool': { 'WarnAsError': 'true' } } }],
            ],
            'msvs_settings': {
              'VCCLCompilerTool': {
                # Headers in angle brackets are not ours to keep free of warnings.
                'AdditionalOptions': ['/std:c++17', '/Zc:__cplusplus', '/utf-8', '/external:anglebrackets', '/external:W0'],
                'ExceptionHandling': 0,
                'RuntimeTypeInfo': 'false',
                'Optimization': 2,
                'WarningLevel': 4,
              },
              'VCLinkerTool': {
                'OptimizeReferences': 2,
                'EnableCOMDATFolding': 2,
              },
            },
          },
        ],
        [
          'OS == "mac"',
          {
            'conditions': [
              ['uvnet_release == 1', { 'xcode_settings': { 'OTHER_CPLUSPLUSFLAGS': ['-Werror'] } }],
            ],
            'xcode_settings': {
              'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
              'CLANG_CXX_LIBRARY': 'libc++',
              'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
              'GCC_ENABLE_CPP_RTTI': 'NO',
              'GCC_OPTIMIZATION_LEVEL': '3',
              'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
              'MACOSX_DEPLOYMENT_TARGET': '11.0',
              'OTHER_CPLUSPLUSFLAGS': ['-Wall', '-Wextra'],
              # Without the second, a function that the host lacks ends the process when it is first called.
              'OTHER_LDFLAGS': ['-Wl,-dead_strip', '-Wl,-bind_at_load'],
            },
          },
        ],
        [
          'OS == "linux"',
          {
            'cflags_cc': ['-include', '<(module_root_dir)/native/env/glibc_compat.h'],
          },
        ],
        [
          'OS != "win" and OS != "mac"',
          {
            'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
            'cflags_cc': ['<!@(node -p "require(\'./native/sources.json\').flags.join(\' \')")'],
            # The C++ runtime comes along: the addon must load where the system's is older. libgcc_s
            # does not: Node itself needs it, and a copy would ask for the newest glibc.
            'conditions': [
              ['uvnet_release == 1', { 'cflags_cc': ['-Werror'], 'ldflags': ['-static-libstdc++'] }],
            ],
            # That runtime takes 72 KiB when it is loaded and never gives them back, so it stays loaded
            # (nodelete): else each worker of a program whose main thread does not use uvnet would leave
            # as much behind. "now": a host that lacks a function must refuse to load the addon, and uvnet
            # falls back. Otherwise the first call of that function would end the process.
            'ldflags': [
              '-Wl,--gc-sections',
              '-Wl,--version-script=<(module_root_dir)/native/exports.map',
              '-Wl,-z,relro,-z,now',
              '-Wl,-z,nodelete',
              '-s',
            ],
          },
        ],
      ],
    },
  ],
}
