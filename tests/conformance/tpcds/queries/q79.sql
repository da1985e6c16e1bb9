-- A join by inequality: bands of income around households, and a day range joined as rows.
select ib_income_band_sk, count(*) as n, min(h.hd_dep_count) as least
from income_band left join household_demographics h on h.hd_dep_count * 15000 >= ib_lower_bound and h.hd_dep_count * 15000 < ib_upper_bound and h.hd_vehicle_count <> 2
group by ib_income_band_sk
order by ib_income_band_sk
