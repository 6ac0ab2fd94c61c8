// A JSON string's characters (RFC 8259 clause 7) from text of ours: used by json_writer.h. Pure functions,
// any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace claviger::codec {

// True when `text` stands in a JSON string as it is: ASCII without quote, backslash and control characters.
bool is_plain_json(std::string_view text);

// The bytes that json_escape() writes for `text`.
std::size_t json_escaped_size(std::string_view text);

// What is not UTF-8 becomes U+FFFD, so that a string that somebody forgot to check cannot spoil a document.
std::size_t json_escape(std::string_view text, char* out);

}  // namespace claviger::codec
