// Accept (RFC 9110 clause 12.5.1), for whoever has one representation, perhaps under several names.
//
// Pure function, any thread.
#pragma once

#include <initializer_list>
#include <string_view>

#include "core/http/message.h"

namespace claviger::http {

// False when the request's Accept fields, all of them, take none of `types` ("application/json"). Of the ranges that match
// a type the most specific counts, and a weight of 0 refuses (clause 12.4.2). No field takes everything.
bool accepts(const Request& request, std::initializer_list<std::string_view> types);

// The media type of a Content-Type field or of a range, without parameters and blanks around it.
std::string_view media_type_of(std::string_view field);
// Media types, their parameters' names: case does not matter.
bool is_same_type(std::string_view left, std::string_view right);

}  // namespace claviger::http
