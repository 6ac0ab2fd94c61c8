#include "broker/identity/authenticators/second_factor_page.h"

#include "broker/identity/page.h"
#include "broker/identity/page_parts.h"
#include "core/base/secret.h"
#include "core/codec/json_writer.h"
#include "core/codec/qr_code.h"

namespace claviger::identity {
namespace {

void begin_form(std::string& html, std::string_view tenant, std::string_view interaction) {
  append_parts(html, {"<form method=\"post\" action=\"/idms/v1/", tenant,
                      "/sign-in\">\n<input type=\"hidden\" name=\"interaction\" value=\"", interaction, "\">\n"});
}

// A form of its own: what it sends is the script's answer. The script shows the button when it runs.
void append_key_form(std::string& html, const SecondFactorPage& page, const PageText& text) {
  append_parts(
      html,
      {"<form method=\"post\" id=\"key\" action=\"/idms/v1/", page.tenant, "/sign-in\" data-options=\"", page.options,
       "\">\n<input type=\"hidden\" name=\"interaction\" value=\"", page.interaction,
       "\">\n<input type=\"hidden\" name=\"answer\">\n<p>", page.is_enrolment ? text.key_enrol_help : text.key_help,
       "</p>\n<p class=\"alert\" role=\"alert\" id=\"key-failed\" hidden>", text.key_failed, "</p>\n<noscript><p>",
       text.key_needs_script, "</p></noscript>\n<button type=\"button\" id=\"use-key\" hidden>",
       page.is_enrolment ? text.key_enrol : text.key_use, "</button>\n"});
  if (!page.has_code) {
    append_parts(html, {"<button type=\"submit\" name=\"action\" value=\"cancel\" class=\"quiet\" formnovalidate>",
                        text.cancel, "</button>\n"});
  }
  append_parts(html, {"</form>\n<script nonce=\"", page.nonce, "\">"});
  html += page.script;  // a literal of ours, without "</script>"
  html += "</script>\n";
}

void end_form(std::string& html, const PageText& text) {
  append_parts(html, {"<button type=\"submit\" name=\"action\" value=\"cancel\" class=\"quiet\" formnovalidate>",
                      text.cancel, "</button>\n</form>\n"});
}

void append_seed(std::string& html, const SecondFactorPage& page, const PageText& text) {
  append_parts(html, {"<p>", text.enrol_help, "</p>\n"});
  if (const auto code = codec::QrCode::make(page.otpauth_uri)) {
    html += "<p>";
    html += codec::qr_svg(*code);
    html += "</p>\n";
  }
  append_parts(html, {"<p>", text.enrol_secret, "<br><code id=\"seed\">", page.seed, "</code></p>\n"});
}

}  // namespace

http::Response second_factor_page(const SecondFactorPage& page, const PageText& text, std::uint16_t status) {
  std::string html;
  // The picture is some 20 KiB: sized once, no growth leaves copies of a seed behind.
  html.reserve(2 * page.interaction.size() + 6 * page.options.size() + page.script.size() +
               (page.otpauth_uri.empty() ? 4096U : 96U * 1024U));
  begin_page(html, page.tenant, page.is_enrolment ? text.enrol_title : text.second_factor_title, text);
  if (!page.alert.empty()) {
    append_parts(html, {"<p class=\"alert\" role=\"alert\" id=\"alert\">", page.alert, "</p>\n"});
  }
  append_parts(html, {"<p>", text.session_help, " <strong>", page.application, "</strong></p>\n"});
  if (!page.script.empty()) append_key_form(html, page, text);
  if (page.has_code) {
    if (page.is_enrolment) {
      append_seed(html, page, text);
    } else {
      append_parts(html, {"<p>", text.second_factor_help, "</p>\n"});
    }
    begin_form(html, page.tenant, page.interaction);
    append_parts(html, {"<label for=\"code\">", text.code,
                        "</label>\n<input id=\"code\" name=\"code\" type=\"text\" autocomplete=\"one-time-code\" "
                        "autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"32\" required autofocus"});
    if (!page.alert.empty()) html += " aria-describedby=\"alert\" aria-invalid=\"true\"";
    append_parts(html, {">\n<button type=\"submit\" name=\"action\" value=\"verify\">", text.sign_in, "</button>\n"});
    end_form(html, text);
  }
  end_page(html);
  return page_response(status, std::move(html), form_action_source(page.redirect_uri), page.nonce);
}

http::Response second_factor_json(const SecondFactorPage& page, Seconds lifetime) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("action", "/idms/v1/" + std::string(page.tenant) + "/sign-in").member("method", "POST");
  json.member("interaction", page.interaction).name("fields").begin_array();
  if (page.has_code) json.value("code");
  if (!page.options.empty()) json.value("answer");
  json.end_array();
  if (!page.options.empty()) json.name("options").raw(page.options);
  json.member("expires_in", lifetime.count());
  if (!page.otpauth_uri.empty()) json.member("otpauth_uri", page.otpauth_uri);
  json.end_object();
  return {200, "application/json", std::move(body)};
}

http::Response browser_session_page(const BrowserSessionPage& page, const PageText& text) {
  std::string html;
  const std::string title = std::string(text.session_title) + " " + std::string(page.who);
  begin_page(html, page.tenant, title, text);
  append_parts(html, {"<p>", text.session_help, " <strong>", page.application, "</strong></p>\n"});
  begin_form(html, page.tenant, page.interaction);
  append_parts(html, {"<button type=\"submit\" name=\"action\" value=\"continue\" autofocus>", text.session_continue,
                      "</button>\n<button type=\"submit\" name=\"action\" value=\"other\" class=\"quiet\">",
                      text.session_other, "</button>\n"});
  end_form(html, text);
  end_page(html);
  return page_response(200, std::move(html), form_action_source(page.redirect_uri));
}

}  // namespace claviger::identity
