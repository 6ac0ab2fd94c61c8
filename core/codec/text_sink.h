// Where our encoders write text: at the end of a std::string or of a SlabWriter, with one name for both.
//
// The sink is borrowed from the caller and grows as needed; an encoder that knows its size asks for it once.
// Secrets go to a SlabWriter or into the caller's own buffer, never to a std::string. Shard rules are those
// of the sink.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/slice.h"

namespace claviger::codec {

template <typename S>
concept TextSink = std::same_as<S, std::string> || std::same_as<S, SlabWriter>;

inline void append_text(std::string& sink, std::string_view text) { sink.append(text); }
inline void append_text(SlabWriter& sink, std::string_view text) {
  if (text.size() > sink.room()) sink.reserve(text.size());
  sink.append(text);
}

// Lets `write(char*)` fill at most `size_max` characters at the end of the sink and return how many it wrote.
template <typename Write>
void append_with(std::string& sink, std::size_t size_max, Write write) {
  const std::size_t before = sink.size();
  sink.resize(before + size_max);
  sink.resize(before + write(sink.data() + before));
}
template <typename Write>
void append_with(SlabWriter& sink, std::size_t size_max, Write write) {
  if (size_max > sink.room()) sink.reserve(size_max);
  sink.advance(write(reinterpret_cast<char*>(sink.unwritten().data())));
}

}  // namespace claviger::codec
