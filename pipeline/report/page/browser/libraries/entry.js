// What the page needs of its libraries, and no more: one global, `libraries`.
import DataTable from "datatables.net-dt";
import "datatables.net-buttons-dt";
import "datatables.net-buttons/js/buttons.colVis.mjs";
import "datatables.net-columncontrol-dt";
import "datatables.net-select-dt";
import "datatables.net-dt/css/dataTables.dataTables.css";
import "datatables.net-buttons-dt/css/buttons.dataTables.css";
import "datatables.net-columncontrol-dt/css/columnControl.dataTables.css";
import "datatables.net-select-dt/css/select.dataTables.css";
import * as echarts from "echarts/core";
import { CustomChart, HeatmapChart, LineChart, LinesChart, ParallelChart, ScatterChart } from "echarts/charts";
import { GridComponent, ParallelComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

echarts.use([CustomChart, HeatmapChart, LineChart, LinesChart, ParallelChart, ScatterChart, SVGRenderer]);
echarts.use([GridComponent, ParallelComponent, TooltipComponent, VisualMapComponent]);

export { DataTable, echarts };
