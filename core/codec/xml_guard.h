// What stands before every XML parser of ours: a pass over hostile text that refuses what XML libraries accept or expand
// (XML 1.0, Namespaces in XML 1.0).
//
// A document that passes is UTF-8, has one root, properly nested tags, bound prefixes, no attribute twice, only the five
// predefined entities and sound character references; no DTD, no processing instruction but the declaration in front, unless
// the limits say so.
// It allocates a few hundred bytes whatever comes. Pure function, any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/result.h"

namespace claviger::codec {

struct XmlLimits {
  std::size_t depth_max = 32;
  std::size_t elements_max = 2000;
  std::size_t attributes_max = 32;             // of one element, declarations of namespaces among them
  std::size_t attribute_bytes_max = 8 * 1024;  // of one value
  // For documents that are kept and given back, where they mean nothing: in messages they would part a value in two.
  bool has_instructions = false;
};

// XmlDoctype, before anything else is looked at; XmlTooLarge: a limit; Utf8Invalid; XmlSyntax.
Result<Unit> guard_xml(std::string_view text, const XmlLimits& limits = {});

}  // namespace claviger::codec
