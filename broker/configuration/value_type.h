// The simple types of XML Schema part 2 that values in configuration documents have, as far as the documents' schemas use
// them (TS 24.484 clauses 7 to 10, TS 24.546 clause 7).
//
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace claviger::configuration {

enum class ValueType : std::uint8_t {
  None,      // no value: only child elements
  Text,      // xs:string, xs:token
  Boolean,   // xs:boolean
  Empty,     // an empty element
  AnyUri,    // xs:anyURI, which may be relative or empty
  Uri,       // one with a scheme
  Byte,      // xs:unsignedByte
  Short,     // xs:unsignedShort
  Count,     // xs:nonNegativeInteger
  Positive,  // xs:positiveInteger
  Hex,       // xs:hexBinary
  Hex6,      // the same, of six octets: a User Info ID (TS 24.334)
  Duration,  // xs:duration
  Tac,       // at most 8 digits
  Serial,    // at most 6 digits
  EntryInfo  // one of four words
};

// Of what stands between the tags or the quotes, references resolved. Blanks around a value say nothing.
bool has_type(ValueType type, std::string_view text);
std::optional<std::uint64_t> number_in(std::string_view text);
std::optional<bool> boolean_in(std::string_view text);

}  // namespace claviger::configuration
