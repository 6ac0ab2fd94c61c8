// What partners ask for, done and undone: nobody else's visitors, agreements that go away, records that nobody can read.
#include "broker/identity/owned_domains.h"
#include "tests/broker/administration/acm_bed.h"

namespace claviger::administration {
namespace {

// All or nothing: on failure this request's own work is undone, and nobody else's.
TEST(Acm, CompensationLeavesWhomAnEarlierRequestHadSetUp) {
  AcmBed bed;
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann")}), Stage::Done);
  ASSERT_EQ(bed.status("request-1", "ann"), "CREATED");
  bed.spoil("eve");
  ASSERT_EQ(bed.ask("request-2", {AcmBed::user("ann", "mcvideo"), AcmBed::user("bob"), AcmBed::user("eve")}, true),
            Stage::Done);
  for (const std::string name : {"ann", "bob", "eve"}) EXPECT_EQ(bed.status("request-2", name), "FAILED") << name;
  const auto ann = bed.visitor("ann");
  ASSERT_TRUE(ann);
  EXPECT_FALSE(ann->mcptt_id.empty());  // as the first request wanted her
  EXPECT_TRUE(ann->mcvideo_id.empty());
  EXPECT_TRUE(bed.is_listed("sip:ann.mcptt@home.example"));
  EXPECT_FALSE(bed.is_listed("sip:ann.mcvideo@home.example"));
  EXPECT_FALSE(bed.visitor("bob"));
  EXPECT_FALSE(bed.is_listed("sip:bob.mcptt@home.example"));
  // She is the first request's again.
  EXPECT_EQ(bed.withdraw("request-1"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
}

TEST(Acm, CompensationEndsWhomNobodyElseAskedFor) {
  AcmBed bed;
  bed.spoil("eve");
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann"), AcmBed::user("eve")}, true), Stage::Done);
  EXPECT_FALSE(bed.visitor("ann"));
  // Failed is not set up: the next request finds nobody to be given back to.
  ASSERT_EQ(bed.ask("request-2", {AcmBed::user("ann")}), Stage::Done);
  EXPECT_EQ(bed.status("request-2", "ann"), "CREATED");
  EXPECT_TRUE(bed.visitor("ann"));
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
}

// TR 23.700-38 table 7.x.1.2.1-1, NOTE 2: the list is an optional element of each request, and what one delivers says nothing
// of users whom another set up without.
TEST(Acm, AListIsOfThoseItCameWith) {
  AcmBed bed;
  SetupUser bob;
  bob.mc_id = AcmBed::mc_id("bob");
  const std::string ann_id = "sip:ann.mcptt@home.example", bob_id = "sip:bob.mcptt@home.example";
  ASSERT_EQ(bed.ask("request-1", {bob}), Stage::Done);
  ASSERT_EQ(bed.ask("request-2", {AcmBed::user("ann")}), Stage::Done);
  EXPECT_TRUE(bed.may_be("bob", bob_id));
  EXPECT_TRUE(bed.may_be("ann", ann_id));
  EXPECT_FALSE(bed.may_be("ann", "sip:ann.mcvideo@home.example"));
  EXPECT_FALSE(bed.may_be("ann", ""));
  EXPECT_FALSE(bed.may_be("ann", std::string("\0", 1) + bed.visitor("ann")->sub));
  // Another request brings one, or none any more; its withdrawal gives back what the earlier one had said.
  ASSERT_EQ(bed.ask("request-3", {AcmBed::user("bob", "mcdata")}), Stage::Done);
  EXPECT_FALSE(bed.may_be("bob", bob_id));
  SetupUser ann = AcmBed::user("ann");
  ann.service_ids = {};
  ASSERT_EQ(bed.ask("request-4", {ann}), Stage::Done);
  EXPECT_TRUE(bed.may_be("ann", "sip:ann.mcvideo@home.example"));
  EXPECT_EQ(bed.withdraw("request-3"), Stage::Withdrawn);
  EXPECT_EQ(bed.withdraw("request-4"), Stage::Withdrawn);
  EXPECT_TRUE(bed.may_be("bob", bob_id));
  EXPECT_TRUE(bed.may_be("ann", ann_id));
  EXPECT_FALSE(bed.may_be("ann", "sip:ann.mcvideo@home.example"));
  // Who ends leaves nothing behind.
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_EQ(bed.withdraw("request-1"), Stage::Withdrawn);
  const std::string prefix = broker::record_prefix({"alpha", kHome});
  const auto rows =
      bed.wait(bed.context()->store.range(tables::kMigrationServices, prefix, broker::record_prefix_end(prefix), 10));
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty());
}

// Set up before a restart, and then the next one is refused: nobody stays of all or nothing.
TEST(Acm, CompensationIsForRefusalsToo) {
  AcmBed bed;
  bed.put(tables::kAcmUsers, user_row("alpha", kHome, "request-1", AcmBed::mc_id("ann")), "CREATED");
  SetupUser stranger;
  stranger.mc_id = "sip:x@elsewhere.example";
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann"), stranger}, true), Stage::Done);
  const auto view = bed.wait(bed.acm.inbound("alpha", kHome, "request-1"));
  EXPECT_EQ(view->users[0].status, "FAILED");
  EXPECT_EQ(view->users[1].status, "REJECTED");
}

// What an earlier request left of somebody cannot be read, or the user has been removed: he ends, and so do those behind him.
TEST(Acm, WhomSomebodyHereDisabledStaysDisabled) {
  AcmBed bed;
  EXPECT_EQ(bed.ask("request-1", {AcmBed::user("ann"), AcmBed::user("bob")}), Stage::Done);
  const auto ann = bed.visitor("ann");
  ASSERT_TRUE(ann);
  const auto is_enabled = [&] {
    return bed.wait(identity::find_user(bed.context(), "alpha", ann->sub))->status == identity::UserStatus::Enabled;
  };
  ASSERT_TRUE(bed.wait(identity::disable_user(bed.context(), "alpha", ann->sub)));
  EXPECT_EQ(bed.ask("request-2", {AcmBed::user("ann"), AcmBed::user("bob")}), Stage::Done);
  EXPECT_EQ(bed.status("request-2", "ann"), "REJECTED");
  EXPECT_EQ(bed.status("request-2", "bob"), "EXISTED");
  EXPECT_FALSE(is_enabled());
  // Nor by way of a withdrawal, which ends him, and another request.
  EXPECT_EQ(bed.withdraw("request-1"), Stage::Withdrawn);
  EXPECT_EQ(bed.ask("request-3", {AcmBed::user("ann")}), Stage::Done);
  EXPECT_EQ(bed.status("request-3", "ann"), "REJECTED");
  EXPECT_FALSE(is_enabled());
  ASSERT_TRUE(bed.wait(identity::enable_user(bed.context(), "alpha", ann->sub)));
  EXPECT_EQ(bed.ask("request-4", {AcmBed::user("ann")}), Stage::Done);
  EXPECT_EQ(bed.status("request-4", "ann"), "CREATED");
  EXPECT_TRUE(bed.visitor("ann"));
  // Whom his own home ended it may send again.
  EXPECT_EQ(bed.withdraw("request-4"), Stage::Withdrawn);
  EXPECT_FALSE(is_enabled());
  EXPECT_EQ(bed.ask("request-5", {AcmBed::user("ann")}), Stage::Done);
  EXPECT_EQ(bed.status("request-5", "ann"), "CREATED");
  EXPECT_TRUE(is_enabled());
}

TEST(Acm, WhoIsGivenBackDisabledByHandEnds) {
  AcmBed bed;
  EXPECT_EQ(bed.ask("request-1", {AcmBed::user("ann")}), Stage::Done);
  const auto ann = bed.visitor("ann");
  ASSERT_TRUE(ann);
  EXPECT_EQ(bed.ask("request-2", {AcmBed::user("ann")}), Stage::Done);
  ASSERT_TRUE(bed.wait(identity::disable_user(bed.context(), "alpha", ann->sub)));
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_EQ(bed.wait(identity::find_user(bed.context(), "alpha", ann->sub))->status, identity::UserStatus::Disabled);
  EXPECT_FALSE(bed.visitor("ann"));
}

TEST(Acm, WhoCannotBeGivenBackEnds) {
  AcmBed bed;
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann"), AcmBed::user("bob"), AcmBed::user("carl")}), Stage::Done);
  ASSERT_EQ(bed.ask("request-2", {AcmBed::user("ann"), AcmBed::user("bob"), AcmBed::user("carl")}), Stage::Done);
  bed.put(tables::kAcmUsers, former_key("alpha", kHome, "request-2", AcmBed::mc_id("ann")), "\1{");
  const auto bob = bed.visitor("bob");
  ASSERT_TRUE(bob);
  ASSERT_TRUE(bed.wait(identity::remove_user(bed.context(), "alpha", bob->sub)));
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
  EXPECT_FALSE(bed.visitor("bob"));
  EXPECT_TRUE(bed.visitor("carl"));
}

TEST(Acm, AWithdrawalUndoesItsOwnRequestOnly) {
  AcmBed bed;
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann")}), Stage::Done);
  ASSERT_EQ(bed.ask("request-2", {AcmBed::user("ann")}), Stage::Done);
  ASSERT_EQ(bed.ask("request-3", {AcmBed::user("ann", "mcdata")}), Stage::Done);
  EXPECT_EQ(bed.status("request-3", "ann"), "EXISTED");
  // The one in the middle: nothing is seen of it.
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  ASSERT_TRUE(bed.visitor("ann"));
  EXPECT_FALSE(bed.visitor("ann")->mcdata_id.empty());
  // The last: she is as the first one wanted her, past the one that was withdrawn.
  EXPECT_EQ(bed.withdraw("request-3"), Stage::Withdrawn);
  ASSERT_TRUE(bed.visitor("ann"));
  EXPECT_TRUE(bed.visitor("ann")->mcdata_id.empty());
  EXPECT_FALSE(bed.visitor("ann")->mcptt_id.empty());
  EXPECT_TRUE(bed.is_listed("sip:ann.mcptt@home.example"));
  EXPECT_EQ(bed.withdraw("request-1"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
}

// Whatever way requests go, nothing is kept of who is not there any more, nor of requests that nobody is given back to.
TEST(Acm, WhatWasKeptForEarlierRequestsGoesWithThem) {
  AcmBed bed;
  const std::vector<std::vector<std::string>> ways{{"3", "2", "1"}, {"2", "3", "1"}, {"2", "1", "3"},
                                                   {"1", "2", "3"}, {"1", "3", "2"}, {"3", "1", "2"}};
  for (std::size_t way = 0; way < ways.size(); ++way) {
    const std::string name = "ann" + std::to_string(way);
    const auto id = [&](const std::string& number) { return "request-" + std::to_string(way) + number; };
    for (const char* number : {"1", "2", "3"}) ASSERT_EQ(bed.ask(id(number), {AcmBed::user(name)}), Stage::Done);
    EXPECT_EQ(bed.formers(), 2U);
    for (const std::string& number : ways[way]) {
      ASSERT_TRUE(bed.visitor(name)) << way;
      EXPECT_EQ(bed.withdraw(id(number)), Stage::Withdrawn);
    }
    EXPECT_FALSE(bed.visitor(name)) << way;
    EXPECT_EQ(bed.formers(), 0U) << way;
  }
}

TEST(Acm, WhatWasKeptGoesWithHimWhoseTimeEnds) {
  AcmBed bed;
  SetupUser ann = AcmBed::user("ann");
  ann.valid_until = partners::PartnerBed::kNow + 60;
  for (const char* id : {"request-1", "request-2", "request-3"}) ASSERT_EQ(bed.ask(id, {ann}), Stage::Done);
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_EQ(bed.formers(), 2U);
  bed.clock().advance(Seconds(61));
  while (bed.visitor("ann")) bed.run_turns(1);
  while (bed.formers() != 0) bed.run_turns(1);
}

// One visitor in one hand: a request extends his time while the clock ends him. However far the one has come when the other
// begins, he is the request's at the end, with all that belongs to him.
TEST(Acm, WhoIsExtendedWhileHisTimeEndsStays) {
  constexpr int kTurnsMax = 40;
  AcmBed bed;
  for (int turns = 0; turns < kTurnsMax; ++turns) {
    for (const bool clock_is_first : {true, false}) {
      const std::string name = "ann" + std::to_string(turns) + (clock_is_first ? "a" : "b");
      SetupUser ending = AcmBed::user(name);
      ending.valid_until = numeric_date(bed.clock().wall()) + 10;
      ASSERT_EQ(bed.ask("short-" + name, {ending}), Stage::Done);
      ASSERT_TRUE(bed.visitor(name));
      if (clock_is_first) {
        bed.clock().advance(Seconds(16));
        bed.run_turns(turns);
        bed.begin("long-" + name, {AcmBed::user(name)});
      } else {
        bed.begin("long-" + name, {AcmBed::user(name)});
        bed.run_turns(turns);
        bed.clock().advance(Seconds(16));
      }
      ASSERT_EQ(bed.settled("long-" + name), Stage::Done);
      // The clock looks once more.
      bed.clock().advance(Seconds(16));
      bed.run_turns(kTurnsMax);
      EXPECT_TRUE(bed.visitor(name)) << turns << clock_is_first;
      EXPECT_TRUE(bed.is_listed("sip:" + name + ".mcptt@home.example")) << turns << clock_is_first;
    }
  }
}

// Users side by side write into their request's frame: it stands until the last of them has, wherever the end comes.
TEST(Acm, EndsInTheMiddleOfARequest) {
  constexpr int kTurnsMax = 24;
  for (int turns = 0; turns < kTurnsMax; ++turns) {
    AcmBed bed;
    std::vector<SetupUser> users;
    for (int i = 0; i < 5; ++i) users.push_back(AcmBed::user("ann" + std::to_string(i)));
    bed.begin("request-1", users);
    bed.run_turns(turns);
    bed.acm.close();
    bed.run_turns(8);
  }
}

TEST(Acm, WhoIsGivenBackToAFutureTimeMayNotComeYet) {
  AcmBed bed;
  SetupUser later = AcmBed::user("ann");
  later.valid_from = partners::PartnerBed::kNow + 3600;
  ASSERT_EQ(bed.ask("request-1", {later}), Stage::Done);
  EXPECT_FALSE(bed.visitor("ann"));
  ASSERT_EQ(bed.ask("request-2", {AcmBed::user("ann")}), Stage::Done);
  EXPECT_TRUE(bed.visitor("ann"));
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
  bed.clock().advance(Seconds(3601));
  while (!bed.visitor("ann")) bed.run_turns(1);
  EXPECT_TRUE(bed.visitor("ann"));
}

// The agreement is removed: what was done under it can still be undone.
TEST(Acm, VisitorsOfARemovedPartnerEnd) {
  AcmBed bed;
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann")}), Stage::Done);
  ASSERT_TRUE(bed.wait(bed.acm.remove_partner("alpha", kHome)));
  EXPECT_EQ(bed.withdraw("request-1"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
  EXPECT_TRUE(bed.wait(partners::read_partner_user(bed.context(), "alpha", "home",
                                                   partners::PartnerUserKind::PrimaryMcId, AcmBed::mc_id("ann")))
                  .failed_with(Code::PartnerUserUnknown));
}

TEST(Acm, ARequestOfARemovedPartnerEnds) {
  AcmBed bed;
  bed.put_partner(true);
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann")}), Stage::Pending);
  ASSERT_TRUE(bed.wait(bed.acm.remove_partner("alpha", kHome)));
  ASSERT_TRUE(bed.wait(bed.acm.decide("alpha", kHome, "request-1", true, "chief")));
  EXPECT_EQ(bed.settled("request-1"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
}

// RFC 3261 clause 25.1: nothing of a SIP URI holds a second '@'. Nor is a user known by what is no URI.
TEST(Acm, IdentitiesThatReadersDisagreeAboutAreRejected) {
  AcmBed bed;
  std::vector<SetupUser> users{AcmBed::user("ann")};
  const std::vector<std::string> wrong{"sip:x@bravo;y=@home.example", "sip:x@bravo.example?y=@home.example",
                                       "x@home.example", "sip:x@elsewhere.example"};
  for (const std::string& each : wrong) users.emplace_back().mc_id = each;
  ASSERT_EQ(bed.ask("request-1", users), Stage::Done);
  const auto view = bed.wait(bed.acm.inbound("alpha", kHome, "request-1"));
  ASSERT_EQ(view->users.size(), users.size());
  EXPECT_EQ(view->users[0].status, "CREATED");
  for (std::size_t i = 1; i < users.size(); ++i) EXPECT_EQ(view->users[i].status, "REJECTED") << users[i].mc_id;
}

// Visitors have names in ours: where a list of our domains says so, in one of these, whatever our MC system is called.
TEST(Acm, VisitorsAreCalledInADomainThatTheTenantOwns) {
  AcmBed bed;
  ASSERT_EQ(bed.ask("request-1", {AcmBed::user("ann")}), Stage::Done);
  ASSERT_TRUE(bed.visitor("ann"));
  EXPECT_EQ(identity::host_of_identity(bed.visitor("ann")->mc_id), "here.example");
  const std::string called = bed.visitor("ann")->mcptt_id;
  ASSERT_TRUE(bed.wait(identity::add_owned_domain(bed.context(), "alpha", "mc.agency.example")));
  ASSERT_EQ(bed.ask("request-2", {AcmBed::user("bob"), AcmBed::user("ann")}), Stage::Done);
  EXPECT_EQ(bed.status("request-2", "bob"), "CREATED");
  ASSERT_TRUE(bed.visitor("bob"));
  EXPECT_EQ(identity::host_of_identity(bed.visitor("bob")->mc_id), "mc.agency.example");
  EXPECT_EQ(identity::host_of_identity(bed.visitor("bob")->mcptt_id), "mc.agency.example");
  // Who was called otherwise before keeps that, and what is new of him lies in the list.
  EXPECT_EQ(bed.status("request-2", "ann"), "EXISTED");
  EXPECT_EQ(bed.visitor("ann")->mcptt_id, called);
  ASSERT_EQ(bed.ask("request-3", {AcmBed::user("ann", "mcdata")}), Stage::Done);
  EXPECT_EQ(bed.status("request-3", "ann"), "EXISTED");
  EXPECT_EQ(identity::host_of_identity(bed.visitor("ann")->mcdata_id), "mc.agency.example");
  // The MC system's own domain where the list has it.
  ASSERT_TRUE(bed.wait(identity::add_owned_domain(bed.context(), "alpha", "here.example")));
  ASSERT_TRUE(bed.wait(identity::add_owned_domain(bed.context(), "alpha", "a.example")));
  ASSERT_EQ(bed.ask("request-4", {AcmBed::user("carl")}), Stage::Done);
  ASSERT_TRUE(bed.visitor("carl"));
  EXPECT_EQ(identity::host_of_identity(bed.visitor("carl")->mc_id), "here.example");
}

// One record that does not decode stands in nobody's way.
TEST(Acm, UnreadableRecordsArePassedOver) {
  AcmBed bed;
  const std::string rubbish = "\1{";
  AcmClient chief;
  chief.id = "sip:chief@here.example";
  ASSERT_TRUE(bed.wait(bed.acm.put_client("alpha", chief)));
  bed.put(tables::kAcmClients, broker::record_key({"alpha", "client", "a"}), rubbish);
  bed.put(tables::kAcmClients, broker::record_key({"alpha", "partner", "a"}), rubbish);
  bed.put(tables::kAcmSetups, inbound_key("alpha", kHome, "a-first"), rubbish);
  bed.put(tables::kAcmSetups, state_key("alpha", kHome, "a-first"), rubbish);
  bed.put(tables::kAcmSetups, setup_key("alpha", "a-first"), rubbish);
  bed.put(tables::kAcmSetups, target_key("alpha", "a-first", kHome), rubbish);
  EXPECT_EQ(bed.wait(bed.acm.list_clients("alpha"))->size(), 1U);
  EXPECT_EQ(bed.wait(bed.acm.list_partners("alpha"))->size(), 1U);
  SetupUser brief = AcmBed::user("zoe");
  brief.valid_until = partners::PartnerBed::kNow + 60;
  ASSERT_EQ(bed.ask("request-1", {brief}), Stage::Done);
  EXPECT_EQ(bed.wait(bed.acm.list_inbound("alpha", "", 100))->views.size(), 1U);
  EXPECT_TRUE(bed.wait(bed.acm.list("alpha", "", 100))->setups.empty());
  ASSERT_TRUE(bed.visitor("zoe"));
  // A new start finds the stages; and the time of who stands behind one that nobody can read comes all the same.
  bed.spoil("ann");
  Acm again(bed.all_contexts(), bed.partners);
  EXPECT_TRUE(bed.wait(again.start()));
  again.close();
  bed.clock().advance(Seconds(120));
  while (bed.visitor("zoe")) bed.run_turns(1);
  EXPECT_FALSE(bed.visitor("zoe"));
}

TEST(Acm, NobodyWaitsForARemovedPartner) {
  AskingBed bed;
  const std::string id = bed.ask_there();
  EXPECT_EQ(bed.target(id).stage.stage, Stage::Sending);
  ASSERT_TRUE(bed.wait(bed.acm.remove_partner("alpha", kHome)));
  EXPECT_EQ(bed.ended(id), Stage::Failed);
  EXPECT_EQ(bed.target(id).stage.reason, "the agreement was removed before the partner had answered");
  EXPECT_EQ(bed.wait(bed.acm.view("alpha", id))->state(), "FAILED");
  ASSERT_TRUE(bed.wait(bed.acm.withdraw("alpha", id, "chief")));
  EXPECT_EQ(bed.ended(id), Stage::Failed);
  EXPECT_EQ(bed.target(id).stage.reason, "the agreement was removed before the partner was told");
}

// What a withdrawal ends hangs on whether the partner had answered; the stage keeps that, over a restart, too.
TEST(Acm, AWithdrawalRemembersThatNobodyHadAnswered) {
  AskingBed bed;
  const std::string id = bed.ask_there();
  EXPECT_EQ(bed.target(id).stage.unanswered, Stage::Done);
  ASSERT_TRUE(bed.wait(bed.acm.withdraw("alpha", id, "chief")));
  EXPECT_EQ(bed.target(id).stage.stage, Stage::Withdrawing);
  EXPECT_EQ(bed.target(id).stage.unanswered, Stage::Sending);
  // Records of before that was kept, and one that says what no stage is called.
  const std::string row = target_key("alpha", id, "old.example");
  bed.put(tables::kAcmSetups, row, "\1{\"stage\":\"WITHDRAWING\"}");
  auto old = bed.wait(bed.context()->store.get(tables::kAcmSetups, row));
  ASSERT_TRUE(old);
  ASSERT_TRUE(decode_stage(*old));
  EXPECT_EQ(decode_stage(*old)->unanswered, Stage::Done);
  bed.put(tables::kAcmSetups, row, "\1{\"stage\":\"WITHDRAWING\",\"unanswered\":\"x\"}");
  old = bed.wait(bed.context()->store.get(tables::kAcmSetups, row));
  ASSERT_TRUE(old);
  EXPECT_TRUE(decode_stage(*old).failed_with(Code::Corrupt));
}

Setup asked_for(std::string target, const std::string& mc_id) {
  const std::string body = R"({"targets":[")" + target + R"("],"users":[{"mc_id":")" + mc_id + R"("}]})";
  const auto read = parse_setup(body);
  EXPECT_TRUE(read);
  return read ? read->setup : Setup();
}

// However the client writes them: the partner, and the user whom our tokens name as our record does.
TEST(Acm, NamesAreAskedForInAnyWritingAndKeptInOurs) {
  AskingBed bed;
  identity::UserDraft draft;
  draft.login = "dora";
  draft.mc_id = "sip:dora@Here.Example";
  draft.mcptt_id = "sip:dora.ptt@Here.Example";
  ASSERT_TRUE(bed.wait(identity::create_user(bed.context(), "alpha", std::move(draft))));
  AcmClient chief;
  chief.id = "sip:chief@here.example";
  chief.domains = {"HERE.example"};
  chief.partners = {"Home.Example"};
  ASSERT_TRUE(bed.wait(bed.acm.put_client("alpha", chief)));
  administration::Setup setup = asked_for("HOME.EXAMPLE", "SIP:dora@HERE.example");
  setup.home = "Here.example";
  setup.users[0].service_ids[0] = one_writing("sip:dora.ptt@here.EXAMPLE");
  const auto id = bed.ask(setup);
  ASSERT_TRUE(id) << name_of(id.error().code);
  const auto view = bed.wait(bed.acm.view("alpha", *id));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->setup.targets, std::vector<std::string>{kHome});
  EXPECT_EQ(view->setup.users[0].mc_id, "sip:dora@Here.Example");
  EXPECT_EQ(view->setup.users[0].service_ids[0], "sip:dora.ptt@Here.Example");
  // Nobody and nothing more than before.
  EXPECT_TRUE(bed.ask(asked_for(kHome, "sip:Dora@here.example"), "key-2").failed_with(Code::BadValue));
  EXPECT_TRUE(
      bed.ask(asked_for("elsewhere.example", "sip:carl@here.example"), "key-3").failed_with(Code::AcmPartnerUnknown));
  chief.domains = {"there.example"};
  ASSERT_TRUE(bed.wait(bed.acm.put_client("alpha", chief)));
  EXPECT_TRUE(bed.ask(asked_for(kHome, "SIP:carl@HERE.example"), "key-4").failed_with(Code::AcmNotAuthorised));
  chief.domains.clear();
  chief.partners = {"other.example"};
  ASSERT_TRUE(bed.wait(bed.acm.put_client("alpha", chief)));
  EXPECT_TRUE(bed.ask(asked_for("HOME.example", "sip:carl@here.example"), "key-5").failed_with(Code::AcmNotAuthorised));
}

// One visitor, whichever way his home writes him: one place of its quota, and gone when that is withdrawn.
TEST(Acm, AVisitorIsOneInWhateverWriting) {
  AcmBed bed;
  AcmPartner partner = AcmBed::agreement();
  partner.domains = {"Home.Example"};
  partner.quota = 1;
  ASSERT_TRUE(bed.wait(bed.acm.put_partner("alpha", std::move(partner), nullptr)));
  const auto asked = [](const std::string& mc_id) {
    SetupUser user = asked_for("here.example", mc_id).users[0];
    user.service_ids[0] = one_writing("sip:ann.mcptt@HOME.example");
    return user;
  };
  EXPECT_EQ(bed.ask("request-1", {asked("SIP:ann@HOME.example")}), Stage::Done);
  EXPECT_EQ(bed.status("request-1", "ann"), "CREATED");
  EXPECT_EQ(bed.ask("request-2", {asked("sip:%61nn@home.EXAMPLE;x=y")}), Stage::Done);
  EXPECT_EQ(bed.status("request-2", "ann"), "EXISTED");
  // What he may be there is asked in his home's writing, too.
  EXPECT_TRUE(bed.may_be("ann", "sip:ann.mcptt@home.example"));
  EXPECT_TRUE(bed.may_be("ann", "Sip:ann.mcptt@HOME.example"));
  EXPECT_FALSE(bed.may_be("ann", "sip:Ann.mcptt@home.example"));
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_TRUE(bed.visitor("ann"));
  EXPECT_EQ(bed.withdraw("request-1"), Stage::Withdrawn);
  EXPECT_FALSE(bed.visitor("ann"));
}

// Who was set up and is not any more has another status than he had.
TEST(Acm, UsersOfAWithdrawnRequestAreWithdrawn) {
  AcmBed bed;
  administration::Setup setup;
  setup.id = "request-1";
  setup.targets = {kHome};
  setup.users = {AcmBed::user("ann"), AcmBed::user("bob")};
  StageRecord stage;
  stage.stage = Stage::Done;
  bed.put(tables::kAcmSetups, setup_key("alpha", setup.id), encode(setup));
  bed.put(tables::kAcmUsers, broker::record_key({"alpha", "out", setup.id, kHome, AcmBed::mc_id("ann")}), "CREATED");
  bed.put(tables::kAcmUsers, broker::record_key({"alpha", "out", setup.id, kHome, AcmBed::mc_id("bob")}), "REJECTED");
  const auto statuses = [&](Stage at) {
    stage.stage = at;
    bed.put(tables::kAcmSetups, target_key("alpha", setup.id, kHome), encode(stage));
    const auto view = bed.wait(bed.acm.view("alpha", setup.id));
    return view->targets.front().users[0].status + " " + view->targets.front().users[1].status;
  };
  EXPECT_EQ(statuses(Stage::Done), "CREATED REJECTED");
  EXPECT_EQ(statuses(Stage::Withdrawing), "CREATED REJECTED");  // the partner has not said so yet
  EXPECT_EQ(statuses(Stage::Withdrawn), "WITHDRAWN REJECTED");
}

}  // namespace
}  // namespace claviger::administration
