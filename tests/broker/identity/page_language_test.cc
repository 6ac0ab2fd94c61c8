// Which language a page has: ui_locales, Accept-Language, English for everybody else.
#include "broker/identity/page_language.h"

#include <gtest/gtest.h>

namespace claviger::identity {
namespace {

struct Languages : ::testing::Test {
  PageText german = kEnglish;
  PageText swiss = kEnglish;
  std::vector<const PageText*> texts{&kEnglish, &german, &swiss};

  Languages() {
    german.language = "de";
    swiss.language = "de-CH";
  }
  std::string_view choose(std::string_view ui_locales, std::string_view accept_language) {
    return choose_page_text(texts, ui_locales, accept_language).language;
  }
};

TEST_F(Languages, UiLocalesGoFirstInTheirOrder) {
  EXPECT_EQ(choose("fr-CA de en", "en"), "de");
  EXPECT_EQ(choose("de-CH-1996", ""), "de-CH");
  EXPECT_EQ(choose("DE-at", ""), "de");
  EXPECT_EQ(choose("fr", "de"), "de");
}
TEST_F(Languages, AcceptLanguageByWeight) {
  EXPECT_EQ(choose("", "en;q=0.5, de-AT;q=0.8, fr"), "de");
  EXPECT_EQ(choose("", "de;q=0.5,en;q=0.51"), "en");
  EXPECT_EQ(choose("", "de;q=0, en;q=0.001"), "en");
  EXPECT_EQ(choose("", "de-CH , de;q=0.9"), "de-CH");
}
TEST_F(Languages, EnglishForEverybodyElse) {
  for (const char* text : {"", "fr", "*", ",,;q=,", "de;q=x", "de;q=0", "-", "d", "de_CH"})
    EXPECT_EQ(choose("", text), "en") << text;
  EXPECT_EQ(choose(std::string(5000, ' '), std::string(5000, ',').append("de")), "en");
  EXPECT_EQ(page_text_named("xx").language, "en");
}

}  // namespace
}  // namespace claviger::identity
