#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "lib/base/limits.h"
#include "tests/unit/api/town.h"

namespace patrol::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void AddFix(v1::ReportPositionsRequest& request, const std::string& unit, absl::Time time,
            double lon = 120.7, double lat = 31.6) {
  v1::Fix* fix = request.add_fixes();
  fix->set_unit(unit);
  fix->mutable_time()->set_seconds(absl::ToUnixSeconds(time));
  fix->mutable_position()->set_lon(lon);
  fix->mutable_position()->set_lat(lat);
}

class PositionServiceTest : public TownTest {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::ReportPositionsRequest, v1::ReportPositionsResponse>;

  void SetUp() override { StartTown(); }

  // Sends one request on a stream of its own.
  grpc::Status Report(const v1::ReportPositionsRequest& request, v1::ReportPositionsResponse* ack) {
    grpc::ClientContext context;
    std::unique_ptr<Stream> stream = positions->ReportPositions(&context);
    stream->Write(request);
    stream->WritesDone();
    stream->Read(ack);
    return stream->Finish();
  }
};

TEST_F(PositionServiceTest, AcknowledgesWhatIsStoredAndUsesIt) {
  AddUnit("u1");
  v1::ReportPositionsRequest request;
  request.set_sequence(42);
  AddFix(request, "units/u1", kMorning - absl::Seconds(20));
  AddFix(request, "units/u1", kMorning - absl::Seconds(10));
  v1::ReportPositionsResponse ack;
  const grpc::Status status = Report(request, &ack);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(ack.sequence(), 42);
  EXPECT_EQ(ack.stored(), 2);
  EXPECT_THAT(ack.faults(), IsEmpty());
  EXPECT_THAT(store->ListFixes({.unit_id = "u1"}, {.size = 10})->rows, SizeIs(2));
  EXPECT_THAT(pipeline.used(), SizeIs(2));
}

TEST_F(PositionServiceTest, TellsForEachFixWhatIsWrongAndStoresTheRest) {
  AddUnit("u1");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  v1::ReportPositionsRequest request;
  AddFix(request, "units/u1", kMorning);                          // 0: good
  AddFix(request, "units/nobody", kMorning);                      // 1: unknown unit
  AddFix(request, "u1", kMorning);                                // 2: not a name
  AddFix(request, "units/u1", kMorning + absl::Hours(1));         // 3: future
  AddFix(request, "units/u1", kMorning, nan);                     // 4: not a number
  AddFix(request, "units/u1", kMorning, 120.7, 91);               // 5: out of range
  AddFix(request, "units/u1", kMorning);                          // 6: duplicate
  AddFix(request, "units/u1", kMorning - absl::Seconds(30));      // 7: late
  AddFix(request, "units/u1", kMorning + absl::Seconds(1), 121);  // 8: speed jump
  request.add_fixes()->set_unit("units/u1");                      // 9: no time
  v1::ReportPositionsResponse ack;
  ASSERT_TRUE(Report(request, &ack).ok());
  EXPECT_EQ(ack.stored(), 3);
  std::map<int, v1::FixFault> faults;
  for (const v1::FixFault& fault : ack.faults()) faults[fault.index()] = fault;
  EXPECT_EQ(faults.size(), 9u);
  EXPECT_EQ(faults[1].verdict(), v1::FIX_VERDICT_UNKNOWN_UNIT);
  EXPECT_THAT(faults[1].message(), HasSubstr("nobody"));
  EXPECT_EQ(faults[2].verdict(), v1::FIX_VERDICT_INVALID);
  EXPECT_EQ(faults[2].message(), "unit: \"u1\" is not of the form units/{id}");
  EXPECT_EQ(faults[3].verdict(), v1::FIX_VERDICT_FUTURE);
  EXPECT_THAT(faults[3].message(), HasSubstr("time"));
  EXPECT_EQ(faults[4].message(), "position.lon: not a finite number");
  EXPECT_EQ(faults[5].verdict(), v1::FIX_VERDICT_INVALID);
  EXPECT_THAT(faults[5].message(), HasSubstr("position.lat"));
  EXPECT_EQ(faults[6].verdict(), v1::FIX_VERDICT_DUPLICATE);
  EXPECT_EQ(faults[7].verdict(), v1::FIX_VERDICT_LATE);
  EXPECT_EQ(faults[8].verdict(), v1::FIX_VERDICT_SPEED_JUMP);
  EXPECT_EQ(faults[9].message(), "time: required");
  std::vector<store::FixVerdict> used;
  for (const store::Fix& fix : pipeline.used()) used.push_back(fix.verdict);
  EXPECT_THAT(used, ElementsAre(store::FixVerdict::kAccepted, store::FixVerdict::kLate,
                                store::FixVerdict::kSpeedJump));
}

TEST_F(PositionServiceTest, AcknowledgesManyRequestsInOrderAndSharesCommits) {
  constexpr int kRequests = 300;
  AddUnit("u1");
  const uint64_t before = store->commits();
  grpc::ClientContext context;
  std::unique_ptr<Stream> stream = positions->ReportPositions(&context);
  std::thread sender([&] {
    for (int i = 0; i < kRequests; ++i) {
      v1::ReportPositionsRequest request;
      request.set_sequence(i);
      AddFix(request, "units/u1", kMorning - absl::Seconds(kRequests - i));
      EXPECT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::ReportPositionsResponse ack;
  int next = 0;
  while (stream->Read(&ack)) {
    EXPECT_EQ(ack.sequence(), next++);
    EXPECT_EQ(ack.stored(), 1);
  }
  sender.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(next, kRequests);
  EXPECT_LE(store->commits() - before, static_cast<uint64_t>(kRequests));
  EXPECT_THAT(store->ListFixes({.unit_id = "u1"}, {.size = 1000})->rows, SizeIs(kRequests));
}

TEST_F(PositionServiceTest, CorrectsTheDatumOfTheRequest) {
  AddUnit("u1");
  v1::ReportPositionsRequest request;
  request.set_datum(v1::DATUM_GCJ02);
  AddFix(request, "units/u1", kMorning, 120.7, 31.6);
  v1::ReportPositionsResponse ack;
  ASSERT_TRUE(Report(request, &ack).ok());
  const geo::LonLat expected = geo::ToWgs84(geo::Datum::kGcj02, {120.7, 31.6});
  const store::Fix fix = store->ListFixes({.unit_id = "u1"}, {.size = 1})->rows.at(0);
  EXPECT_LT(geo::GreatCircleM(fix.position, expected), 0.01);
  EXPECT_GT(geo::GreatCircleM(fix.position, {120.7, 31.6}), 100);
}

TEST_F(PositionServiceTest, EndsAStreamWhoseRequestIsTooLongAfterAcknowledgingTheOthers) {
  AddUnit("u1");
  grpc::ClientContext context;
  std::unique_ptr<Stream> stream = positions->ReportPositions(&context);
  v1::ReportPositionsRequest good;
  good.set_sequence(1);
  AddFix(good, "units/u1", kMorning);
  ASSERT_TRUE(stream->Write(good));
  v1::ReportPositionsRequest request;
  request.set_sequence(2);
  for (size_t i = 0; i <= limits::kFixesPerRequestMax; ++i) AddFix(request, "units/u1", kMorning);
  stream->Write(request);
  v1::ReportPositionsResponse ack;
  ASSERT_TRUE(stream->Read(&ack));
  EXPECT_EQ(ack.sequence(), 1);
  EXPECT_FALSE(stream->Read(&ack));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "fixes: 1001 in request 2, at most 1000");
}

TEST_F(PositionServiceTest, KeepsADuplicateThatTheStoreDoesNotHave) {
  AddUnit("u1");
  // Judged before, but its request was never stored: the intake remembers it, the store does not.
  store::Fix lost;
  lost.unit_id = "u1";
  lost.time = kMorning;
  lost.position = {120.7, 31.6};
  ASSERT_EQ(pipeline.Judge(lost, FixDatum::kWgs84).kind, FixJudgement::kAccepted);
  v1::ReportPositionsRequest request;
  AddFix(request, "units/u1", kMorning);
  v1::ReportPositionsResponse ack;
  ASSERT_TRUE(Report(request, &ack).ok());
  EXPECT_EQ(ack.stored(), 1);
  EXPECT_EQ(ack.faults(0).verdict(), v1::FIX_VERDICT_LATE);
  EXPECT_THAT(store->ListFixes({.unit_id = "u1"}, {.size = 1})->rows, SizeIs(1));
}

TEST_F(PositionServiceTest, ListsFixesInPagesAndNamesABadWindow) {
  AddUnit("u1");
  v1::ReportPositionsRequest report;
  for (int i = 0; i < 5; ++i) AddFix(report, "units/u1", kMorning - absl::Seconds(10 - i));
  v1::ReportPositionsResponse ack;
  ASSERT_TRUE(Report(report, &ack).ok());
  v1::ListFixesRequest request;
  request.set_unit("units/u1");
  request.set_page_size(2);
  int found = 0;
  do {
    v1::ListFixesResponse page;
    grpc::ClientContext context;
    ASSERT_TRUE(positions->ListFixes(&context, request, &page).ok());
    found += page.fixes_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(found, 5);
  request.mutable_from_time()->set_seconds(20);
  request.mutable_to_time()->set_seconds(10);
  v1::ListFixesResponse page;
  grpc::ClientContext context;
  const grpc::Status status = positions->ListFixes(&context, request, &page);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "to_time: not after from_time");
}

TEST(PositionServiceOnAFullDisk, EndsTheStreamSaysWhyAndTakesTheFixesAgainLater) {
  class FullTown : public TownTest {
   public:
    void TestBody() override {
      StartTown(/*store_bytes_max=*/256 * 1024);
      ASSERT_NE(server, nullptr);
      AddUnit("u1");
      const std::string ballast(150 * 1024, ' ');
      ASSERT_TRUE(store->PutAreas({{.id = "ballast", .geometry_json = ballast}}).ok());
      int64_t second = 0;
      int64_t acknowledged = 0;
      grpc::Status status;
      v1::ReportPositionsRequest request;
      while (status.ok() && second < 1'000'000) {
        request.Clear();
        request.set_sequence(second);
        for (int i = 0; i < 1000; ++i) {
          AddFix(request, "units/u1", kMorning - absl::Hours(1000) + absl::Seconds(second++));
        }
        status = Report(request);
        if (status.ok()) acknowledged = second;
      }
      ASSERT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
      EXPECT_THAT(status.error_message(), HasSubstr("was not stored"));
      EXPECT_THAT(status.error_message(), HasSubstr("patrol.db"));
      EXPECT_EQ(Stored(), acknowledged);
      // Room again: the same request goes through, and nothing of it is lost as a duplicate.
      ASSERT_TRUE(store->DeleteArea("ballast").ok());
      status = Report(request);
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(Stored(), acknowledged + 1000);
    }

   private:
    grpc::Status Report(const v1::ReportPositionsRequest& request) {
      grpc::ClientContext context;
      auto stream = positions->ReportPositions(&context);
      stream->Write(request);
      stream->WritesDone();
      v1::ReportPositionsResponse ack;
      stream->Read(&ack);
      return stream->Finish();
    }

    int64_t Stored() {
      int64_t found = 0;
      std::string token;
      do {
        auto page = store->ListFixes({.unit_id = "u1"}, {.size = 1000, .token = token});
        if (!page.ok()) return -1;
        found += static_cast<int64_t>(page->rows.size());
        token = page->next_page_token;
      } while (!token.empty());
      return found;
    }
  };
  FullTown().TestBody();
}

}  // namespace
}  // namespace patrol::api
