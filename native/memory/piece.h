#ifndef UVNET_PIECE_H_
#define UVNET_PIECE_H_

#include <uv.h>

#include <cstddef>

namespace uvnet {

// A piece of a write. uv_buf_init would cut the size of a Buffer to 32 bits, which only Windows
// has to do.
inline uv_buf_t Piece(const char* data, size_t size) {
  uv_buf_t piece;
  piece.base = const_cast<char*>(data);
  piece.len = static_cast<decltype(piece.len)>(size);
  return piece;
}

}  // namespace uvnet

#endif  // UVNET_PIECE_H_
