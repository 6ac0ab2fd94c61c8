// What every page is made of; for the pages of this folder.
//
// Pure functions of their arguments.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "broker/identity/page_text.h"
#include "core/http/message.h"

namespace claviger::identity {

// {"<p>", text, "</p>"}: what stands at an odd place is escaped.
void append_parts(std::string& html, std::initializer_list<std::string_view> parts);
void begin_page(std::string& html, std::string_view tenant, std::string_view title, const PageText& text);
void end_page(std::string& html);
// With all headers that a page needs; `form_action`: see form_action_source(). `script_nonce`: of the page's script; empty:
// the page has none, and may have none.
http::Response page_response(std::uint16_t status, std::string html, std::string_view form_action,
                             std::string_view script_nonce = {});

}  // namespace claviger::identity
