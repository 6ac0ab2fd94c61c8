// After a start every subscription is compared with the documents it watches; what nobody can read stands in nobody's way.
#include <gtest/gtest.h>

#include <optional>

#include "broker/configuration/document.h"
#include "broker/configuration/document_notifier.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "tests/broker/registration/registration_bed.h"

namespace claviger::configuration {
namespace {

namespace tables = broker::tables;

const std::string kSelector = "org.3gpp.mcptt.user-profile/users/sip:ann@alpha.example/mcptt-user-profile-0.xml";

class ComparisonBed : public registration::RegistrationBed {
 public:
  // Told of an entity tag that no document has any more.
  void subscribe(const std::string& tag, const std::string& selector) {
    DocumentSubscription one;
    one.dialog.local_tag = tag;
    one.watched = {selector};
    const auto watched = read_watched(selector);
    ASSERT_TRUE(watched);
    one.told = {{path_of(*watched), "0123"}};
    storage::Transaction change;
    configuration::put(change, "alpha", one);
    ASSERT_TRUE(wait(context()->store.commit(std::move(change))));
  }
  void put_rubbish(storage::TableId table, const std::string& key) {
    storage::Transaction change;
    change.put(table, key, as_bytes(std::string_view("rubbish")));
    ASSERT_TRUE(wait(context()->store.commit(std::move(change))));
  }
  // Somebody is to be told.
  bool is_owed(const std::string& tag) {
    const auto rows = wait(context()->store.range(tables::kOutbox, std::string(), std::string(16, '\xff'), 512));
    EXPECT_TRUE(rows);
    return std::ranges::any_of(*rows, [&](const storage::Record& row) {
      return (row.key + std::string(row.value.text())).find("xcap.y." + tag) != std::string::npos;
    });
  }
  Contexts& all_contexts() { return contexts_; }
};

TEST(DocumentComparison, GoesOnBehindWhatDoesNotDecode) {
  ComparisonBed bed;
  const std::string unreadable = "org.3gpp.mcptt.user-profile/users/sip:bob@alpha.example/mcptt-user-profile-0.xml";
  bed.put_rubbish(tables::kDocumentSubscriptions, subscription_key("alpha", "a-rubbish"));
  bed.subscribe("b-good", kSelector);
  bed.put_rubbish(tables::kDocuments, document_key("alpha", read_watched(unreadable)->name));
  bed.subscribe("c-watches-rubbish", unreadable);
  bed.subscribe("d-good", kSelector);
  Configuration room(bed.all_contexts());
  std::optional<DocumentNotifier> notifier;
  bed.run_until([&] {
    notifier.emplace(room, *bed.registrar());
    notifier->start();
    return true;
  });
  while (!bed.is_owed("d-good")) bed.run_turns(1);
  EXPECT_TRUE(bed.is_owed("b-good"));
  EXPECT_FALSE(bed.is_owed("c-watches-rubbish"));
  bed.run_turns(8);
}

}  // namespace
}  // namespace claviger::configuration
