// What a browser and an OAuth client read and write: forms, login pages, redirects, JSON members, PKCE.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace claviger::load {

std::string escaped(std::string_view plain);  // percent-encoded
std::string random_text();                    // 256 bits in base64url: a PKCE verifier
std::string challenge_of(std::string_view verifier);
std::string basic(std::string_view id, std::string_view secret);  // of an Authorization header
// Empty when it is not there.
std::string member_of(const std::string& json, std::string_view name);
std::string query_value(const std::string& uri, const std::string& name);
std::string hidden_field(const std::string& html, const std::string& name);

}  // namespace claviger::load
