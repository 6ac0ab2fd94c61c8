// Which of our languages somebody reads: ui_locales of the request (OIDC Core clause 3.1.2.1), else Accept-Language (RFC 9110
// clause 12.5.4), by look-up as RFC 4647 clause 3.4 has it. A new language is a PageText in kPageTexts (page_text.h).
//
// Pure functions, any thread. What cannot be read counts as not said.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "broker/identity/page_text.h"
#include "core/http/message.h"

namespace claviger::identity {

// Browsers send the handful that their user chose.
inline constexpr std::size_t kLanguageRangesMax = 16;

// The first of `texts` when nothing fits.
const PageText& choose_page_text(std::span<const PageText* const> texts, std::string_view ui_locales,
                                 std::string_view accept_language);

const PageText& page_text_for(const http::Request& request, std::string_view ui_locales = {});
// The one of exactly this language; else the first.
const PageText& page_text_named(std::string_view language);

}  // namespace claviger::identity
