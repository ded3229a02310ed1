# SPDX-License-Identifier: GPL-2.0-only
#
# The plot of a report, for scripts/demo and scripts/bench-uml:
#
#	migrate_bench report --plot-data DATA REPORT.json
#	gnuplot -c report.gp DATA PICTURE.svg
#
# One row a workload: how fast mt is against inline, with its 95% interval, on
# one CPU and on several, and the best that the copy share allows the several.

data = ARG1
picture = ARG2
title = system(sprintf("sed -n '1s/^# //p' '%s'", data))

width = int(system(sprintf("awk -F'\"' 'length($2) > n {n = length($2)} END {print n + 2}' '%s'", data)))

stats data index 1 using 1 nooutput
rows = STATS_records
stats data index 1 using 6 nooutput
best = STATS_max
stats data index 1 using 5 nooutput
high = (STATS_max > best ? STATS_max : best)
stats data index 0 using 5 nooutput
high = (STATS_max > high ? STATS_max : high)

set terminal svg size 860,155+46*rows font "DejaVu Sans,13" \
	background rgb "white" dynamic
set output picture

set label 1 "Speed of page migration against inline" at screen 0.5, screen 1 \
	center offset 0,-1.2 font ",16"
set label 2 title at screen 0.5, screen 1 center offset 0,-2.7 font ",11" \
	noenhanced tc rgb "#505050"
set tmargin 4
set lmargin (width < 28 ? 28 : width)
set rmargin 4
set bmargin 5.5
set xrange [0:1.08*high]
set yrange [rows+0.5:0.5]
set xlabel "speed of whole cuts, against inline (median, 95% interval)" \
	offset 0,0.2
set key bmargin center horizontal samplen 2 noenhanced
set border 1 lc rgb "#808080"
set xtics nomirror scale 0.5 tc rgb "#202020"
set ytics scale 0 tc rgb "#202020" noenhanced
set grid xtics lt 1 lc rgb "#e0e0e0"
set arrow 1 from 1, graph 0 to 1, graph 1 nohead lt 1 lw 1.5 lc rgb "#606060" \
	back

one = "#4477aa"
several = "#cc3311"

plot data index 0 using 3:($1-0.14):4:5 with xerrorbars \
		pt 7 ps 0.9 lw 2 lc rgb one title "mt, 1 CPU", \
	'' index 1 using 3:($1+0.14):4:5 with xerrorbars \
		pt 5 ps 0.9 lw 2 lc rgb several title "mt, 2 CPUs", \
	'' index 1 using 6:($1-0.3):(0):(0.6) with vectors nohead \
		lw 3 lc rgb "#228833" title "bound for 2 CPUs", \
	'' index 1 using (0):1:ytic(2) with dots lc rgb "white" notitle
