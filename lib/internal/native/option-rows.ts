/**
 * Generated from native/options/socket_options.def by scripts/generate-socket-options.mjs; do not edit.
 *
 * Rows of the socket option table that methods of handles use.
 */
export const TYPE_OF_SERVICE = 8;
