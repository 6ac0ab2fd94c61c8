#include "tools/claviger-ue/login_form.h"

#include <gtest/gtest.h>

namespace claviger::ue {
namespace {

constexpr std::string_view kPage = R"(<!doctype html><html><body>
<form action="/search"><input name=q></form>
<!-- <form action="/evil"><input type=password name=p></form> -->
<FORM method=post action="/sign-in?a=1&amp;b=2"><input type="hidden" name="ticket" value="&quot;x&#x26;&#39;&quot;">
<label>Name<input name="username" autocomplete=username></label>
<input type='PASSWORD' name='password' required/><button>Go</button></FORM></body></html>)";

TEST(LoginForm, IsTheOneWithAPassword) {
  const auto form = find_login_form(kPage);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->action, "/sign-in?a=1&b=2");
  EXPECT_EQ(form->user_field, "username");
  EXPECT_EQ(form->password_field, "password");
  ASSERT_EQ(form->hidden.size(), 1U);
  EXPECT_EQ(form->hidden[0], (std::pair<std::string, std::string>{"ticket", "\"x&'\""}));
}

TEST(LoginForm, IsFoundOrNotInEveryTruncatedPage) {
  const std::size_t password_ends = kPage.find("required");
  for (std::size_t size = 0; size < kPage.size(); ++size) {
    const auto form = find_login_form(kPage.substr(0, size));
    if (size < password_ends - 20) {
      EXPECT_TRUE(form.failed_with(Code::NotFound)) << size;
    }
  }
}

TEST(LoginForm, HasItsBounds) {
  EXPECT_TRUE(find_login_form(std::string(kPageBytesMax + 1, 'x')).failed_with(Code::TooLarge));
  std::string many = "<form>";
  for (std::size_t i = 0; i <= kFormInputsMax; ++i) many += "<input type=hidden name=n value=v>";
  EXPECT_TRUE(find_login_form(many + "<input type=password name=p>").failed_with(Code::TooMany));
  // Attributes without end, tags without end, entities that are none.
  EXPECT_FALSE(find_login_form("<form " + std::string(100'000, 'a')));
  EXPECT_FALSE(find_login_form(std::string(100'000, '<')));
  const auto odd = find_login_form("<form action='&#0;&#300;&nope;&'><input type=password name=p>");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->action, "&#0;&#300;&nope;&");
}

}  // namespace
}  // namespace claviger::ue
