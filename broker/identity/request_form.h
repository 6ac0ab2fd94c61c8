// The parameters of a POST to the token endpoint and its kin (RFC 6749 clause 3.2): a form in the body, nothing in the
// query, nothing twice.
//
// The Form borrows the request's body: keep the Request while it is used. One shard.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/codec/form.h"
#include "core/http/message.h"

namespace claviger::identity {

// "application/x-www-form-urlencoded", with or without parameters such as charset.
bool is_form_content(std::string_view content_type);

// MediaType, ParameterInQuery, FormSyntax, Utf8Invalid, TooMany, TooLarge, ParameterRepeated.
Result<codec::Form> read_form(const http::Request& request);

// The same, but a parameter may come twice: who asks looks at duplicates().
Result<codec::Form> read_form_with_duplicates(const http::Request& request);

// The value of a parameter that must be there and not be empty (RFC 6749 clause 3.1: empty is absent).
Result<std::string_view> required(const codec::Form& form, std::string_view name);
// Empty when absent.
inline std::string_view optional(const codec::Form& form, std::string_view name) {
  return form.find(name).value_or(std::string_view());
}

// True when the Accept header prefers JSON to HTML: names application/json and not text/html.
bool wants_json(const http::Request& request);

}  // namespace claviger::identity
